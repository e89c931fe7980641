import type { Client } from '../../../openapi/client/client.ts';
import { allResources } from '../../../openapi/generated/resources.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { apiVersionOf, type Resource } from '../../../openapi/machinery/resource.ts';
import { isNotFound } from '../../../openapi/machinery/status.ts';
import { rbacObjects } from './rbac-objects.ts';
import { systemNamespaces, systemObjects, type SystemOptions } from './system-objects.ts';

/**
 * Makes what every cluster has, where it is missing. What is there already stays as people left it. Safe at every start; the writes
 * of one kind of step share a commit of the journal.
 */
export async function bootstrap(client: Client, options: SystemOptions): Promise<void> {
  await ensureAll(client, systemNamespaces);
  await ensureAll(client, [...rbacObjects(), ...systemObjects(options)]);
}

async function ensureAll(client: Client, objects: readonly KubeObject[]): Promise<void> {
  await Promise.all(objects.map((object) => ensure(client, object)));
}

async function ensure(client: Client, object: KubeObject): Promise<void> {
  const resource = resourceOf(object);
  const { namespace, name = '' } = object.metadata ?? {};
  try {
    await client.get(resource, { namespace, name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(resource, object);
  }
}

function resourceOf(object: KubeObject): Resource {
  const found = allResources.find(
    (each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion,
  );
  if (found === undefined) throw new RangeError(`Cannot find the resource of ${object.kind ?? 'an object'}`);
  return found;
}
