import { describe, expect, it } from '@jest/globals';
import type {
  LabelSelector,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  PodSpec,
  TopologySpreadConstraint,
} from '../../../openapi/generated/types.ts';
import type { FilterPlugin, ScorePlugin } from '../framework.ts';
import { podInfoOf } from '../node-info.ts';
import { Snapshot, type Lookups } from '../snapshot.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { volumeBinding } from './volume-binding.ts';

/** Two nodes in zone a, one in b, one that is in none. */
const nodes: readonly Node[] = [
  ['a1', 'a'],
  ['a2', 'a'],
  ['b1', 'b'],
  ['x', undefined],
].map(([name = '', zone]) => ({
  metadata: { name, labels: { host: name, ...(zone === undefined ? {} : { zone }) } },
}));

const web: LabelSelector = { matchLabels: { app: 'web' } };
const near = (topologyKey: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey,
  labelSelector: web,
  ...more,
});
function podOf(name: string, app: string, spec: Partial<PodSpec> = {}, namespace = 'd'): Pod {
  return { metadata: { name, namespace, uid: name, labels: { app } }, spec: { containers: [], ...spec } };
}
const likes = (...terms: readonly PodAffinityTerm[]): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const avoids = (...terms: readonly PodAffinityTerm[]): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const spread = (more: Partial<TopologySpreadConstraint> = {}): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: web, ...more },
  ],
});

/** Pods that are placed, by node. */
type Placed = Readonly<Record<string, readonly Pod[]>>;

function clusterOf(placed: Placed, lookups: Partial<Lookups> = {}): Snapshot {
  const snapshot = new Snapshot({
    namespaceLabels: () => undefined,
    claim: () => undefined,
    volume: () => undefined,
    storageClass: () => undefined,
    ...lookups,
  });
  for (const node of nodes) snapshot.setNode(node);
  for (const [name, pods] of Object.entries(placed))
    for (const pod of pods) snapshot.place(podInfoOf(pod), name);
  return snapshot;
}

/** What the plugin says of each node: "ok", or why not. */
function verdicts(plugin: FilterPlugin, pod: Pod, cluster: Snapshot): Readonly<Record<string, string>> {
  const filter = plugin.preFilter(podInfoOf(pod), cluster);
  if (typeof filter === 'object') return { '*': filter.podReason };
  return Object.fromEntries(
    cluster.nodes.map((node) => [node.name, filter?.(node)?.reasons.join('; ') ?? 'ok']),
  );
}
const fitting = (plugin: FilterPlugin, pod: Pod, cluster: Snapshot): readonly string[] =>
  Object.entries(verdicts(plugin, pod, cluster)).flatMap(([name, verdict]) =>
    verdict === 'ok' ? [name] : [],
  );

function scores(
  plugin: ScorePlugin,
  pod: Pod,
  cluster: Snapshot,
): Readonly<Record<string, number>> | undefined {
  const score = plugin.preScore(podInfoOf(pod), cluster, cluster.nodes);
  if (score === undefined) return undefined;
  const all = Float64Array.from(cluster.nodes, score);
  plugin.normalize?.(all);
  return Object.fromEntries(cluster.nodes.map((node, i) => [node.name, all[i] ?? 0]));
}

describe('interPodAffinity.preFilter()', () => {
  const cases: readonly { name: string; pod: Pod; placed: Placed; want: readonly string[] }[] = [
    {
      name: 'goes where a pod is that it likes',
      pod: podOf('p', 'db', likes(near('zone'))),
      placed: { a1: [podOf('w', 'web')] },
      want: ['a1', 'a2'],
    },
    {
      name: 'goes nowhere while there is none',
      pod: podOf('p', 'db', likes(near('zone'))),
      placed: {},
      want: [],
    },
    {
      name: 'starts anywhere when it is the first of a group that likes itself',
      pod: podOf('p', 'web', likes(near('zone'))),
      placed: {},
      want: ['a1', 'a2', 'b1'],
    },
    {
      name: 'wants one pod that all of its terms are about',
      pod: podOf(
        'p',
        'db',
        likes(near('zone'), near('host', { labelSelector: { matchLabels: { app: 'cache' } } })),
      ),
      placed: { a1: [podOf('w', 'web')], a2: [podOf('c', 'cache')] },
      want: [],
    },
    {
      name: 'looks into its own namespace only',
      pod: podOf('p', 'db', likes(near('zone'))),
      placed: { a1: [podOf('w', 'web', {}, 'other')] },
      want: [],
    },
    {
      name: 'looks into the namespaces that it names',
      pod: podOf('p', 'db', likes(near('zone', { namespaces: ['other'] }))),
      placed: { b1: [podOf('w', 'web', {}, 'other')] },
      want: ['b1'],
    },
    {
      name: 'avoids places of pods that it does not like',
      pod: podOf('p', 'web', avoids(near('zone'))),
      placed: { a1: [podOf('w', 'web')] },
      want: ['b1', 'x'],
    },
    {
      name: 'avoids places of pods that do not like it',
      pod: podOf('p', 'web'),
      placed: { b1: [podOf('hermit', 'db', avoids(near('host')))] },
      want: ['a1', 'a2', 'x'],
    },
    {
      name: 'does not mind pods that dislike others',
      pod: podOf('p', 'cache'),
      placed: { b1: [podOf('hermit', 'db', avoids(near('host')))] },
      want: ['a1', 'a2', 'b1', 'x'],
    },
  ];
  for (const { name, pod, placed, want } of cases)
    it(name, () => {
      expect(fitting(interPodAffinity, pod, clusterOf(placed))).toEqual(want);
    });

  it('finds namespaces by their labels', () => {
    const team = { matchLabels: { team: 'x' } };
    const pod = podOf('p', 'db', likes(near('zone', { namespaceSelector: team })));
    let labels: Readonly<Record<string, string>> = {};
    const cluster = clusterOf(
      { b1: [podOf('w', 'web', {}, 'other')] },
      { namespaceLabels: (name) => (name === 'other' ? labels : {}) },
    );
    expect(fitting(interPodAffinity, pod, cluster)).toEqual([]);
    labels = { team: 'x' };
    cluster.forgetNamespaces();
    expect(fitting(interPodAffinity, pod, cluster)).toEqual(['b1']);
  });

  it('follows pods that come and go', () => {
    const pod = podOf('p', 'db', likes(near('zone')));
    const cluster = clusterOf({ a1: [podOf('w', 'web')] });
    expect(fitting(interPodAffinity, pod, cluster)).toEqual(['a1', 'a2']);
    cluster.place(podInfoOf(podOf('v', 'web')), 'b1');
    cluster.remove('w');
    expect(fitting(interPodAffinity, pod, cluster)).toEqual(['b1']);
    cluster.remove('v');
    expect(fitting(interPodAffinity, pod, cluster)).toEqual([]);
  });

  it('says why as kube-scheduler does', () => {
    const cluster = clusterOf({ a1: [podOf('w', 'web')], b1: [podOf('hermit', 'db', avoids(near('host')))] });
    expect(verdicts(interPodAffinity, podOf('p', 'web', avoids(near('host'))), cluster)).toEqual({
      a1: "node(s) didn't match pod anti-affinity rules",
      a2: 'ok',
      b1: "node(s) didn't satisfy existing pods anti-affinity rules",
      x: 'ok',
    });
    expect(verdicts(interPodAffinity, podOf('p', 'db', likes(near('host'))), cluster)['x']).toBe(
      "node(s) didn't match pod affinity rules",
    );
  });

  it('has nothing to say where nobody has affinities', () => {
    expect(
      interPodAffinity.preFilter(podInfoOf(podOf('p', 'web')), clusterOf({ a1: [podOf('w', 'web')] })),
    ).toBe(undefined);
  });
});

describe('interPodAffinity.preScore()', () => {
  const prefers = (weight: number): Partial<PodSpec> => {
    const preferred = [{ weight: Math.abs(weight), podAffinityTerm: near('zone') }];
    const affinity = { preferredDuringSchedulingIgnoredDuringExecution: preferred };
    return { affinity: weight > 0 ? { podAffinity: affinity } : { podAntiAffinity: affinity } };
  };
  it('adds up what the pod prefers', () => {
    const cluster = clusterOf({ a1: [podOf('w', 'web')], b1: [podOf('v', 'web'), podOf('u', 'web')] });
    expect(scores(interPodAffinity, podOf('p', 'db', prefers(10)), cluster)).toEqual({
      a1: 50,
      a2: 50,
      b1: 100,
      x: 0,
    });
    expect(scores(interPodAffinity, podOf('p', 'db', prefers(-10)), cluster)).toEqual({
      a1: 50,
      a2: 50,
      b1: 0,
      x: 100,
    });
  });
  it('heeds what placed pods want', () => {
    const cluster = clusterOf({
      a1: [podOf('fan', 'db', likes(near('zone')))],
      b1: [podOf('foe', 'db', prefers(-3))],
    });
    expect(scores(interPodAffinity, podOf('p', 'web'), cluster)).toEqual({ a1: 100, a2: 100, b1: 0, x: 75 });
    expect(scores(interPodAffinity, podOf('p', 'cache'), cluster)).toBeUndefined();
  });
});

describe('podTopologySpread.preFilter()', () => {
  const twoInA: Placed = { a1: [podOf('w', 'web')], a2: [podOf('v', 'web')] };
  const cases: readonly { name: string; pod: Pod; placed: Placed; want: readonly string[] }[] = [
    { name: 'fills the emptiest zone', pod: podOf('p', 'web', spread()), placed: twoInA, want: ['b1'] },
    {
      name: 'allows as much difference as maxSkew',
      pod: podOf('p', 'web', spread({ maxSkew: 3 })),
      placed: twoInA,
      want: ['a1', 'a2', 'b1'],
    },
    {
      name: 'does not count itself when it is none of those',
      pod: podOf('p', 'db', spread({ maxSkew: 2 })),
      placed: twoInA,
      want: ['a1', 'a2', 'b1'],
    },
    {
      name: 'takes the minimum as 0 while there are fewer places than minDomains',
      pod: podOf('p', 'web', spread({ minDomains: 3 })),
      placed: { ...twoInA, b1: [podOf('u', 'web')] },
      want: [],
    },
    {
      name: 'does not count pods of other namespaces',
      pod: podOf('p', 'web', spread()),
      placed: { a1: [podOf('w', 'web', {}, 'other')], a2: [podOf('v', 'web', {}, 'other')] },
      want: ['a1', 'a2', 'b1'],
    },
    {
      name: 'does not count places that the pod may not go to',
      pod: podOf('p', 'web', { ...spread(), nodeSelector: { zone: 'a' } }),
      placed: twoInA,
      want: ['a1', 'a2', 'b1'],
    },
    {
      name: 'counts them when told to ignore that',
      pod: podOf('p', 'web', { ...spread({ nodeAffinityPolicy: 'Ignore' }), nodeSelector: { zone: 'a' } }),
      placed: twoInA,
      want: ['b1'],
    },
  ];
  for (const { name, pod, placed, want } of cases)
    it(name, () => {
      expect(fitting(podTopologySpread, pod, clusterOf(placed))).toEqual(want);
    });

  it('says why as kube-scheduler does', () => {
    expect(verdicts(podTopologySpread, podOf('p', 'web', spread()), clusterOf(twoInA))).toEqual({
      a1: "node(s) didn't match pod topology spread constraints",
      a2: "node(s) didn't match pod topology spread constraints",
      b1: 'ok',
      x: "node(s) didn't match pod topology spread constraints (missing required label)",
    });
  });

  it('counts no pod on its way out', () => {
    const going = podOf('w', 'web');
    const gone = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const cluster = clusterOf({ a1: [gone], a2: [podOf('v', 'web')] });
    expect(fitting(podTopologySpread, podOf('p', 'web', spread({ topologyKey: 'host' })), cluster)).toEqual([
      'a1',
      'b1',
      'x',
    ]);
  });

  it('keeps the revisions of a Deployment apart by matchLabelKeys', () => {
    const old = podOf('w', 'web');
    const labelled = { ...old, metadata: { ...old.metadata, labels: { app: 'web', rev: '1' } } };
    const pod = podOf('p', 'web', spread({ matchLabelKeys: ['rev'] }));
    const fresh = { ...pod, metadata: { ...pod.metadata, labels: { app: 'web', rev: '2' } } };
    expect(fitting(podTopologySpread, fresh, clusterOf({ a1: [labelled] }))).toEqual(['a1', 'a2', 'b1']);
  });
});

describe('podTopologySpread.preScore()', () => {
  it('prefers the emptier place, and gives nothing to nodes that have none', () => {
    const pod = podOf('p', 'web', spread({ whenUnsatisfiable: 'ScheduleAnyway' }));
    const cluster = clusterOf({ a1: [podOf('w', 'web'), podOf('v', 'web')], b1: [podOf('u', 'web')] });
    expect(scores(podTopologySpread, pod, cluster)).toEqual({ a1: 33, a2: 33, b1: 100, x: 0 });
  });
  it('goes by nodes as well', () => {
    const pod = podOf('p', 'web', spread({ whenUnsatisfiable: 'ScheduleAnyway', topologyKey: 'host' }));
    const cluster = clusterOf({ a1: [podOf('w', 'web'), podOf('v', 'web')], b1: [podOf('u', 'web')] });
    expect(scores(podTopologySpread, pod, cluster)).toEqual({ a1: 0, a2: 100, b1: 50, x: 100 });
  });
});

describe('volumeBinding.preFilter()', () => {
  const withClaim = podOf('p', 'db', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
  });
  const bound: PersistentVolumeClaim = {
    metadata: { name: 'data', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { volumeName: 'pv' },
  };
  const volume: PersistentVolume = {
    spec: {
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }],
        },
      },
    },
  };
  const lazy = { provisioner: 'x', volumeBindingMode: 'WaitForFirstConsumer' };
  const everywhere = (reason: string): Readonly<Record<string, string>> => ({
    a1: reason,
    a2: reason,
    b1: reason,
    x: reason,
  });
  const cases: readonly {
    name: string;
    lookups: Partial<Lookups>;
    want: Readonly<Record<string, string>>;
  }[] = [
    { name: 'waits for a claim', lookups: {}, want: { '*': 'persistentvolumeclaim "data" not found' } },
    {
      name: 'waits for a claim to be bound',
      lookups: { claim: () => ({ spec: {} }) },
      want: { '*': 'pod has unbound immediate PersistentVolumeClaims' },
    },
    {
      name: 'goes where the volume can be had',
      lookups: { claim: () => bound, volume: () => volume },
      want: { ...everywhere("node(s) didn't match PersistentVolume's node affinity"), b1: 'ok' },
    },
    {
      name: 'goes anywhere with a volume that can be had anywhere',
      lookups: { claim: () => bound, volume: () => ({ spec: {} }) },
      want: everywhere('ok'),
    },
    {
      name: 'goes nowhere without its volume',
      lookups: { claim: () => bound },
      want: everywhere('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'),
    },
    {
      name: 'finds no volume for a claim that waits for a node',
      lookups: { claim: () => ({ spec: { storageClassName: 'lazy' } }), storageClass: () => lazy },
      want: everywhere("node(s) didn't find available persistent volumes to bind"),
    },
  ];
  for (const { name, lookups, want } of cases)
    it(name, () => {
      expect(verdicts(volumeBinding, withClaim, clusterOf({}, lookups))).toEqual(want);
    });
  it('has nothing to say of a pod without claims', () => {
    expect(volumeBinding.preFilter(podInfoOf(podOf('p', 'db')), clusterOf({}))).toBeUndefined();
  });
});
