import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { forbidden, StatusError } from '../../../openapi/machinery/status.ts';
import { mutate, validate } from '../../admission/chain.ts';
import type { ConnectRequest } from '../connect-handler.ts';
import { admissionRequest, type Call } from './context.ts';

const commands = new Set(['exec', 'attach', 'portforward']);

/** A GET may run a command as well as a POST may: it takes the right to create. */
function refuseReaders({ environment, exchange, info, registered, user }: Call): void {
  if (exchange.method !== 'GET' || !commands.has(info.subresource)) return;
  const { group, version, resource, subresource, namespace, name } = info;
  const asked = { user, verb: 'create', group, version, resource, subresource, namespace, name };
  if (!environment.authorizer.authorize(asked).allowed) throw forbidden(registered.resource, name, '');
}

/** Hands log, exec, attach, port-forward and proxy to who carries their bytes; they answer on the socket themselves. */
export async function handleConnect(call: Call): Promise<undefined> {
  const { environment, exchange, info, registered, user, signal } = call;
  const { connect } = environment;
  const { sockets } = exchange;
  if (connect === undefined || sockets === undefined) {
    throw new StatusError('ServiceUnavailable', `${info.subresource} is not available here`);
  }
  const request: ConnectRequest = {
    registered,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    rest: info.rest,
    query: info.query,
    user,
    incoming: sockets.incoming,
    signal,
    async admit(options: KubeObject) {
      const asked = admissionRequest(call, {
        operation: 'CONNECT',
        object: options,
        oldObject: undefined,
        dryRun: false,
        subresource: info.subresource,
        resource: registered.resource,
      });
      await mutate(environment.admission, asked);
      await validate(environment.admission, asked);
    },
  };
  refuseReaders(call);
  const { upgrade, response } = sockets;
  if (upgrade !== undefined) await connect.upgrade(request, upgrade.socket, upgrade.head);
  else if (response !== undefined) await connect.serve(request, response);
  return undefined;
}
