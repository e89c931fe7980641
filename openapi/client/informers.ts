import type { KubeObject } from '../machinery/object.ts';
import { apiVersionOf, type Resource } from '../machinery/resource.ts';
import { startInformer, type InformerOptions } from './create-informer.ts';
import type { Informer } from './informer.ts';

/** One informer a resource, started when it is first asked for, shared by all who ask. */
export interface Informers {
  of<T extends KubeObject>(resource: Resource<T>): Informer<T>;
}

export type InformersOptions = Omit<InformerOptions<KubeObject>, 'resource'>;

export function createInformers(options: InformersOptions): Informers {
  const started = new Map<string, Informer<KubeObject>>();
  return {
    of<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const name = `${apiVersionOf(resource)}/${resource.plural}`;
      const informer = started.get(name) ?? startInformer({ ...options, resource });
      started.set(name, informer);
      return informer as unknown as Informer<T>;
    },
  };
}
