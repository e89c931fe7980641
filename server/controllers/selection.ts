import type { Controller } from './controller.ts';

/** kube-controller-manager's longer names. */
const alias: Readonly<Record<string, string>> = {
  'pod-garbage-collector-controller': 'podgc',
  'garbage-collector-controller': 'garbagecollector',
  'node-ipam-controller': 'nodeipam',
  'node-lifecycle-controller': 'nodelifecycle',
  'root-ca-cert-publisher': 'root-ca-certificate-publisher',
  'root-ca-certificate-publisher-controller': 'root-ca-certificate-publisher',
  endpoint: 'endpoints',
  'endpointslice-mirroring-controller': 'endpointslicemirroring',
};

function canonicalName(name: string): string {
  return alias[name] ?? (name.endsWith('-controller') ? name.slice(0, -'-controller'.length) : name);
}

/**
 * The controllers that --controllers chooses: "*" is all, a name one more, "-name" one less; the first word about a controller counts,
 * and "-*" is none but those that are named. Throws a RangeError for a name that does not exist.
 */
export function selectControllers(
  all: readonly Controller[],
  choice: readonly string[],
): readonly Controller[] {
  const names = new Set(all.map((controller) => controller.name));
  for (const word of choice) {
    const name = canonicalName(word.replace(/^-/, ''));
    if (name === '*' || names.has(name)) continue;
    throw new RangeError(`"${word}" names no controller: there are ${[...names].sort().join(', ')}`);
  }
  const words = choice.map((word) =>
    word.startsWith('-') ? `-${canonicalName(word.slice(1))}` : canonicalName(word),
  );
  return all.filter(({ name }) => {
    const own = words.find((word) => word === name || word === `-${name}`);
    if (own !== undefined) return own === name;
    return words.includes('*') && !words.includes('-*');
  });
}
