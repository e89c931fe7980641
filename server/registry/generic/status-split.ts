import { decode } from '../../../openapi/machinery/decode.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Registered } from '../strategy.ts';

type WithStatus = KubeObject & { readonly status?: unknown };

/** Whether clients write the status by its own path only. */
function ownsStatus({ strategy, subresources }: Registered): 'reset' | 'keepOnCreate' | 'ordinary' {
  return strategy.status ?? (subresources.some(({ name }) => name === 'status') ? 'reset' : 'ordinary');
}

const emptyStatuses = new WeakMap<Registered, unknown>();

/** What the kind shows while it has no status: `{}`, `{"loadBalancer":{}}` or nothing. */
function emptyStatus(registered: Registered): unknown {
  if (!emptyStatuses.has(registered)) {
    emptyStatuses.set(registered, decode(registered.schema, {}).object['status']);
  }
  return emptyStatuses.get(registered);
}

/** A new object starts without a status. */
export function withoutStatus(registered: Registered, object: KubeObject): KubeObject {
  if (ownsStatus(registered) !== 'reset') return object;
  const { status: _status, ...rest } = object as WithStatus;
  const empty = emptyStatus(registered);
  return empty === undefined ? rest : ({ ...rest, status: empty } as WithStatus);
}

/** An update of the object keeps the status that is stored. */
export function withOldStatus(registered: Registered, object: KubeObject, old: KubeObject): KubeObject {
  if (ownsStatus(registered) === 'ordinary') return object;
  const { status: _status, ...rest } = object as WithStatus;
  const { status } = old as WithStatus;
  return status === undefined ? rest : ({ ...rest, status } as WithStatus);
}

/** The default status subresource: the status and the metadata of `object`, the rest of `old`. */
export function onlyStatus(object: KubeObject, old: KubeObject): KubeObject {
  const { status: _status, ...rest } = old as WithStatus;
  const { status } = object as WithStatus;
  const metadata = object.metadata ?? {};
  return (status === undefined ? { ...rest, metadata } : { ...rest, metadata, status }) as KubeObject;
}
