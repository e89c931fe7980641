import { linkSignals } from '../machinery/link-signals.ts';
import type { KubeObject } from '../machinery/object.ts';
import { apiVersionOf, type Resource } from '../machinery/resource.ts';
import { startInformer, type InformerOptions } from './create-informer.ts';
import type { Informer } from './informer.ts';

/** One informer a resource, started when it is first asked for, shared by all who ask. */
export interface Informers {
  of<T extends KubeObject>(resource: Resource<T>): Informer<T>;
  /** Ends the informer of a resource that is no longer served. Whoever asks again gets a new one. */
  forget(resource: Resource): void;
}

export type InformersOptions = Omit<InformerOptions<KubeObject>, 'resource'>;

interface Started {
  readonly informer: Informer<KubeObject>;
  readonly end: () => void;
}

export function createInformers(options: InformersOptions): Informers {
  const started = new Map<string, Started>();
  function start(resource: Resource): Started {
    const over = new AbortController();
    const { signal, release } = linkSignals(options.signal, over.signal);
    return {
      informer: startInformer({ ...options, resource, signal }),
      end() {
        over.abort(new Error('The resource is no longer served'));
        release();
      },
    };
  }
  return {
    of<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const name = nameOf(resource);
      let known = started.get(name);
      if (known === undefined) started.set(name, (known = start(resource)));
      return known.informer as unknown as Informer<T>;
    },
    forget(resource) {
      const name = nameOf(resource);
      started.get(name)?.end();
      started.delete(name);
    },
  };
}

function nameOf(resource: Resource): string {
  return `${apiVersionOf(resource)}/${resource.plural}`;
}
