import { decode } from '../../../openapi/machinery/decode.ts';
import { linkSignals } from '../../../openapi/machinery/link-signals.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf } from '../../../openapi/machinery/resource.ts';
import type { StatusError } from '../../../openapi/machinery/status.ts';
import { parseListOptions } from '../../registry/generic/list-options.ts';
import { checkWatch, watchObjects, type Framer, type WatchRun } from '../../registry/generic/watch.ts';
import { objectText } from '../../registry/stored.ts';
import { negotiateOutput, streamCodec, type OutputType } from '../codec/negotiate.ts';
import { transformWatched } from '../codec/transform.ts';
import type { Answer, Sink } from '../exchange.ts';
import { jsonBytes, transformRequest } from './answer.ts';
import { pathRequest, type Call } from './context.ts';
import { FrameQueue } from './frame-queue.ts';

const timeoutSecondsMin = 1800;

/** Streams events until the time is up. What can be refused is refused before the stream begins. */
export async function handleWatch(call: Call): Promise<Answer> {
  const { environment, exchange, info, registered, signal } = call;
  const output = negotiateOutput(exchange, { tables: true, streams: true });
  const options = parseListOptions(registered, info.query, { name: info.name, watch: true });
  checkWatch(options);
  const framer = framerFor(call, output);
  const asked = options.timeoutSeconds ?? 0;
  const seconds = asked > 0 ? asked : timeoutSecondsMin * (1 + environment.random());
  const request = pathRequest(call, false);
  return await Promise.resolve({
    status: 200,
    headers: { 'content-type': output.codec.mediaType },
    isWatch: true,
    body: async (sink: Sink) => {
      const queue = new FrameQueue(sink, environment.flushTimer);
      const run = { framer, sink: queue, signal, timeoutMs: seconds * 1000 };
      await watchWhileServed(registered.custom?.retired, run, async (served) => {
        await watchObjects(environment, request, options, served);
      });
      if (queue.overflowed) throw new Error('The reader of a watch was too slow');
      queue.flush();
    },
  });
}

/** A watch of custom objects ends when their definition changes: the client begins anew, under the new one. */
async function watchWhileServed(
  retired: AbortSignal | undefined,
  run: WatchRun,
  watch: (run: WatchRun) => Promise<void>,
): Promise<void> {
  if (retired === undefined) {
    await watch(run);
    return;
  }
  const linked = linkSignals(run.signal, retired);
  try {
    await watch({ ...run, signal: linked.signal });
  } finally {
    linked.release();
  }
}

function framerFor(call: Call, output: OutputType): Framer {
  const codec = streamCodec(output);
  const { resource } = call.registered;
  const { transform } = output;
  function error(failure: StatusError): Buffer {
    return codec.encodeEvent('ERROR', jsonBytes(failure.toStatus()));
  }
  if (transform === undefined) {
    return {
      key: `${codec.mediaType} ${apiVersionOf(resource)} ${resource.plural}`,
      frame: (type, bytes) => codec.encodeEvent(type, bytes),
      bookmark: (revision, ends) =>
        codec.encodeEvent('BOOKMARK', Buffer.from(objectText(resource, bookmarkOf(call, revision, ends)))),
      error,
    };
  }
  const request = transformRequest(call, { transform });
  let isFirst = true;
  function transformed(object: KubeObject): Buffer {
    const bytes = jsonBytes(
      transformWatched({ ...request, now: call.environment.clock.now() }, object, isFirst),
    );
    isFirst = false;
    return bytes;
  }
  return {
    key: undefined,
    frame: (type, _bytes, object) => codec.encodeEvent(type, transformed(object())),
    bookmark: (revision, ends) =>
      codec.encodeEvent('BOOKMARK', transformed(bookmarkOf(call, revision, ends))),
    error,
  };
}

/** The kind's zero object: nothing but the revision that the watch has come to. */
function bookmarkOf({ registered }: Call, revision: number, initialEventsEnd: boolean): KubeObject {
  const { resource, schema } = registered;
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  return {
    ...(decode(schema, {}).object as KubeObject),
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(revision), ...(initialEventsEnd ? { annotations } : {}) },
  };
}
