import { goFields } from './go-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A value as kube-apiserver prints it in messages: its internal type of that name, with all fields, under their Go names. The result
 * is for `invalidValue` and its like.
 */
export function goValue(type: string, value: unknown): unknown {
  return type === 'PodSpec' ? podSpecValue(value) : structValue(type, value);
}

/** goValue of each element; null for no list. */
export function goList(type: string, values: readonly unknown[] | undefined): unknown {
  return values === undefined ? null : values.map((each) => goValue(type, each));
}

function structValue(type: string, value: unknown): Fields {
  const fields = fieldsOf(value);
  const out: Record<string, unknown> = {};
  for (const word of (goFields[type] ?? '').split(' ')) {
    if (word.startsWith('+')) {
      const embedded = word.slice(1);
      // Object metadata is embedded, yet stands as a struct of its own; as it is sent.
      if (embedded === 'o') out['metadata'] = fields['metadata'] ?? {};
      else Object.assign(out, structValue(embedded, fields));
      continue;
    }
    const colon = word.indexOf(':');
    const name = colon === -1 ? word : word.slice(0, colon);
    out[name] = fieldValue(colon === -1 ? 's' : word.slice(colon + 1), pick(fields, name));
  }
  return out;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** ClusterIP is sent as clusterIP, OS as os, FSGroup as fsGroup. */
function pick(fields: Fields, goName: string): unknown {
  const wanted = goName.toLowerCase();
  for (const [name, value] of Object.entries(fields)) if (name.toLowerCase() === wanted) return value;
  return undefined;
}

const zeroValues: Readonly<Record<string, unknown>> = {
  s: '',
  n: 0,
  b: false,
  q: '0',
  i: 0,
  t: null,
  y: null,
  r: null,
  o: {},
};

function fieldValue(type: string, value: unknown): unknown {
  if (type.startsWith('*')) return value === undefined ? null : fieldValue(type.slice(1), value);
  if (type.startsWith('[]')) {
    return Array.isArray(value) ? value.map((each: unknown) => fieldValue(type.slice(2), each)) : null;
  }
  if (type.startsWith('{}')) return mapValue(type.slice(2), value);
  if (Object.hasOwn(zeroValues, type)) return value ?? zeroValues[type];
  return goValue(type, value);
}

function mapValue(type: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  const names = Object.keys(fieldsOf(value)).sort();
  return Object.fromEntries(names.map((name) => [name, fieldValue(type, fieldsOf(value)[name])]));
}

const movedToSecurity = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;

/** What is sent beside the security context of a pod is kept inside it. */
function podSpecValue(value: unknown): Fields {
  const fields = fieldsOf(value);
  const moved = Object.fromEntries(movedToSecurity.map((name) => [name, fields[name]]));
  return structValue('PodSpec', {
    ...fields,
    securityContext: { ...fieldsOf(fields['securityContext']), ...moved },
  });
}
