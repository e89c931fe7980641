import type { Registered, ServedSubresource } from '../registry/strategy.ts';
import type { Handled } from './exchange.ts';
import { handleConnect } from './handlers/connect.ts';
import type { Call } from './handlers/context.ts';
import { handleCreate } from './handlers/create.ts';
import { handlePatch } from './handlers/patch.ts';
import { handleGet, handleList } from './handlers/read.ts';
import { handleDelete, handleDeleteCollection } from './handlers/remove.ts';
import { handleSubresource, subresourceOf } from './handlers/subresource.ts';
import { handleUpdate } from './handlers/update.ts';
import { handleWatch } from './handlers/watch.ts';
import type { RequestInfo } from './request-info.ts';
import { unknownResource, wrongMethod } from './respond.ts';

type Handler = (call: Call) => Promise<Handled>;

/** Where a request of a resource goes. Anything that asks for what is not served is refused here. */
export interface Route {
  readonly handler: Handler;
  /** It may last as long as the client likes, and counts against no limit. */
  readonly longRunning: boolean;
}

const handlers: Readonly<Record<string, Handler>> = {
  get: handleGet,
  list: handleList,
  watch: handleWatch,
  create: handleCreate,
  update: (call) => handleUpdate(call),
  patch: (call) => handlePatch(call),
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};
const onCollections = new Set(['list', 'watch', 'create', 'deletecollection']);
const connectVerbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: 'get',
};
const connects = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

/** Throws NotFound for a path that nothing serves, MethodNotAllowed for a method that its resource does not know. */
export function routeOf(registered: Registered, info: RequestInfo, method: string): Route {
  refuseWrongScope(registered, info, method);
  if (info.watchPath) return watchRoute(registered, info, method);
  if (info.subresource !== '') return subresourceRoute(registered, info, method);
  if (info.rest !== '') throw unknownResource();
  if (method === 'HEAD' || method === 'OPTIONS') throw wrongMethod();
  const handler = handlers[info.verb];
  if (info.name !== '' && !registered.verbs.some((verb) => !onCollections.has(verb))) throw unknownResource();
  const isPlaced = onCollections.has(info.verb) === (info.name === '');
  if (handler === undefined || !isPlaced || !registered.verbs.includes(info.verb)) throw wrongMethod();
  return { handler, longRunning: info.verb === 'watch' };
}

function watchRoute(registered: Registered, info: RequestInfo, method: string): Route {
  if (info.subresource !== '' || !registered.verbs.includes('watch')) throw unknownResource();
  if (method !== 'GET') throw wrongMethod();
  return { handler: handleWatch, longRunning: true };
}

/** A namespaced object has its namespace in the path; a collection may do without; what is cluster-scoped has none. */
function refuseWrongScope({ resource }: Registered, info: RequestInfo, method: string): void {
  const inOwn = resource.group === '' && resource.plural === 'namespaces';
  if (!resource.namespaced) {
    if (info.namespace !== '' && !inOwn) throw unknownResource();
    return;
  }
  if (info.namespace !== '') return;
  if (info.name !== '') throw unknownResource();
  if (method !== 'GET') throw wrongMethod();
}

function subresourceRoute(registered: Registered, info: RequestInfo, method: string): Route {
  const served = registered.subresources.find(({ name }) => name === info.subresource);
  if (served === undefined || info.name === '') throw unknownResource();
  if (connects.has(served.name)) return connectRoute(served, info, method);
  if (info.rest !== '') throw unknownResource();
  if (method === 'HEAD' || method === 'OPTIONS' || !served.verbs.includes(info.verb)) throw wrongMethod();
  const handler: Handler = (call) => {
    const subresource = subresourceOf(call, served);
    if (subresource === undefined) throw unknownResource();
    return handleSubresource(call, subresource);
  };
  return { handler, longRunning: false };
}

function connectRoute(served: ServedSubresource, info: RequestInfo, method: string): Route {
  if (info.rest !== '' && served.name !== 'proxy') throw unknownResource();
  const verb = connectVerbs[method];
  if (verb === undefined || !served.verbs.includes(verb)) throw wrongMethod();
  return { handler: handleConnect, longRunning: true };
}
