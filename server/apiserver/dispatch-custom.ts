import { badRequest, notFound, StatusError } from '../../openapi/machinery/status.ts';
import { qualifiedName } from '../../openapi/machinery/resource.ts';
import type { Registered } from '../registry/strategy.ts';
import { mediaTypes } from './codec/codecs.ts';
import type { Handled } from './exchange.ts';
import { routeOf, type Route } from './dispatch.ts';
import type { RequestInfo } from './request-info.ts';

const acrossNamespaces = new Set(['list', 'watch']);

/**
 * Where a request of a custom resource goes: the handlers are those of all kinds, the refusals are worded otherwise. Undefined: no
 * such page.
 */
export function customRouteOf(registered: Registered, info: RequestInfo, method: string): Route | undefined {
  const { resource, subresources } = registered;
  const hasNamespace = info.namespace !== '';
  if (resource.namespaced !== hasNamespace) {
    if (hasNamespace || !acrossNamespaces.has(info.verb)) return undefined;
  }
  if (info.subresource !== '' && !subresources.some(({ name }) => name === info.subresource)) {
    throw notFound(resource, info.name);
  }
  try {
    // A name behind the collection says nothing to a creation.
    const isCreation = info.verb === 'create' && info.subresource === '';
    const asked = { ...info, rest: '', ...(isCreation ? { name: '' } : {}) };
    const route = routeOf(registered, asked, method === 'HEAD' ? 'GET' : method);
    return { ...route, handler: (call) => rewordNotAcceptable(route.handler(call)) };
  } catch (error) {
    if (error instanceof StatusError && error.code === 405) throw notSupported(registered, info, method);
    throw error;
  }
}

async function rewordNotAcceptable(answer: Promise<Handled>): Promise<Handled> {
  try {
    return await answer;
  } catch (error) {
    const isIt = error instanceof StatusError && error.message.startsWith('406: ');
    if (!isIt) throw error;
    throw new StatusError(
      'NotAcceptable',
      `only the following media types are accepted: ${mediaTypes.join(', ')}`,
    );
  }
}

function notSupported({ resource }: Registered, info: RequestInfo, method: string): StatusError {
  const needsName = info.verb === 'update' || info.verb === 'patch';
  if (needsName && info.name === '') return badRequest('name must be provided');
  const verb = method === 'OPTIONS' ? '' : info.verb;
  return new StatusError(
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${qualifiedName(resource)}"`,
    { details: { group: resource.group, kind: resource.plural } },
  );
}
