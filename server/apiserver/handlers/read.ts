import { listObjects } from '../../registry/generic/list.ts';
import { parseListOptions } from '../../registry/generic/list-options.ts';
import { readObject } from '../../registry/generic/read.ts';
import { negotiateOutput } from '../codec/negotiate.ts';
import type { Answer } from '../exchange.ts';
import { objectAnswer, listAnswer, plainAnswer, plainList } from './answer.ts';
import { contextOf, pathRequest, type Call } from './context.ts';

export async function handleGet(call: Call): Promise<Answer> {
  const output = negotiateOutput(call.exchange, { tables: true, streams: false });
  const { virtual } = call.registered.strategy;
  if (virtual?.get !== undefined) {
    return plainAnswer(output, 200, await virtual.get({ name: call.info.name }, contextOf(call, false)));
  }
  const version = call.info.query.get('resourceVersion') ?? undefined;
  return objectAnswer(
    call,
    output,
    200,
    await readObject(call.environment, pathRequest(call, false), version),
  );
}

export async function handleList(call: Call): Promise<Answer> {
  const output = negotiateOutput(call.exchange, { tables: true, streams: true });
  const { virtual } = call.registered.strategy;
  if (virtual?.list !== undefined) {
    return plainList(call, output, await virtual.list(contextOf(call, false)));
  }
  const options = parseListOptions(call.registered, call.info.query, { name: '', watch: false });
  return listAnswer(call, output, await listObjects(call.environment, pathRequest(call, false), options));
}
