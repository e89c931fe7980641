import type { DaemonSet, DaemonSetStatus, Node, Pod } from '../../../openapi/generated/types.ts';
import { compact } from './compact.ts';
import { fitOf, nodeOfDaemon, revisionHashLabel } from './daemon-pods.ts';
import { isAvailable, isFinished, isReady } from './pods.ts';

export interface DaemonPlan {
  /** Names of nodes that need a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Ended pods that are in the way of new ones; a part of `remove`. */
  readonly failed: readonly Pod[];
}

export interface DaemonState {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** Of the present template. */
  readonly hash: string;
  /** To be kept in the status; 0 stays away from it. */
  readonly collisionCount: number;
  readonly nowMs: number;
}

/** Pods by the node that they are for, the oldest first. */
function byNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const groups = new Map<string, Pod[]>();
  for (const pod of [...pods].sort(byAge)) {
    const name = nodeOfDaemon(pod);
    groups.set(name, [...(groups.get(name) ?? []), pod]);
  }
  return groups;
}

function byAge(a: Pod, b: Pod): number {
  const left = `${a.metadata?.creationTimestamp ?? ''} ${a.metadata?.name ?? ''}`;
  const right = `${b.metadata?.creationTimestamp ?? ''} ${b.metadata?.name ?? ''}`;
  return left < right ? -1 : 1;
}

function isGoing(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

function isNew(pod: Pod, hash: string): boolean {
  return pod.metadata?.labels?.[revisionHashLabel] === hash;
}

/** One pod on each node that fits, none elsewhere, and the next step of a rolling update. */
export function planDaemons(state: DaemonState): DaemonPlan {
  const groups = byNode(state.pods);
  const create: string[] = [];
  const remove: Pod[] = [];
  const failed: Pod[] = [];
  for (const node of state.nodes) {
    const name = node.metadata?.name ?? '';
    const present = (groups.get(name) ?? []).filter((pod) => !isGoing(pod));
    const { run, stay } = fitOf(state.set, node);
    if (!stay) {
      remove.push(...present);
      continue;
    }
    const ended = present.filter(isFinished);
    const alive = present.filter((pod) => !isFinished(pod));
    failed.push(...ended);
    remove.push(...ended, ...surplusOf(alive, state));
    if (run && alive.length === 0 && (groups.get(name) ?? []).length === ended.length) create.push(name);
  }
  const known = new Set(state.nodes.map((node) => node.metadata?.name ?? ''));
  for (const [name, pods] of groups)
    if (!known.has(name)) remove.push(...pods.filter((pod) => !isGoing(pod)));
  const update = planUpdate(state, groups);
  return {
    create: [...create, ...update.create],
    remove: [...remove, ...update.remove.filter((pod) => !remove.includes(pod))],
    failed,
  };
}

/** Of several pods on a node the oldest stays; in an update with surge the oldest of each revision. */
function surplusOf(alive: readonly Pod[], { set, hash }: DaemonState): readonly Pod[] {
  if (surgeOf(set, 1) === 0) return alive.slice(1);
  const [oldest] = alive.filter((pod) => !isNew(pod, hash));
  const [newest] = alive.filter((pod) => isNew(pod, hash));
  return alive.filter((pod) => pod !== oldest && pod !== newest);
}

function scaled(value: number | string | undefined, total: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  return percent === null ? fallback : Math.ceil((Number(percent[1]) * total) / 100);
}

function surgeOf(set: DaemonSet, desired: number): number {
  return scaled(set.spec?.updateStrategy?.rollingUpdate?.maxSurge, desired, 0);
}

function planUpdate(
  state: DaemonState,
  groups: ReadonlyMap<string, readonly Pod[]>,
): Pick<DaemonPlan, 'create' | 'remove'> {
  const { set, nodes, hash } = state;
  if (set.spec?.updateStrategy?.type === 'OnDelete') return { create: [], remove: [] };
  const running = nodes.filter((node) => fitOf(set, node).run);
  const views = running.map((node) => {
    const name = node.metadata?.name ?? '';
    const alive = (groups.get(name) ?? []).filter((pod) => !isGoing(pod) && !isFinished(pod));
    return {
      name,
      fresh: alive.find((pod) => isNew(pod, hash)),
      old: alive.find((pod) => !isNew(pod, hash)),
    };
  });
  const surge = surgeOf(set, running.length);
  return surge > 0 ? surgeStep(views, surge, state) : replaceStep(views, state);
}

interface View {
  readonly name: string;
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
}

function works(pod: Pod | undefined, { set, nowMs }: DaemonState): boolean {
  return pod !== undefined && isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs);
}

/** Old pods that do not work go at once, others as maxUnavailable allows. */
function replaceStep(views: readonly View[], state: DaemonState): Pick<DaemonPlan, 'create' | 'remove'> {
  const maxUnavailable = scaled(
    state.set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable,
    views.length,
    1,
  );
  const broken = views.flatMap(({ old, fresh }) =>
    old !== undefined && fresh === undefined && !works(old, state) ? [old] : [],
  );
  const unavailable = views.filter(({ old, fresh }) => !works(old, state) && !works(fresh, state)).length;
  const working = views.flatMap(({ old }) => (old !== undefined && works(old, state) ? [old] : []));
  return { create: [], remove: [...broken, ...working.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

/** New pods start beside old ones, and an old one goes when its successor works. */
function surgeStep(
  views: readonly View[],
  surge: number,
  state: DaemonState,
): Pick<DaemonPlan, 'create' | 'remove'> {
  const pairs = views.filter(({ old, fresh }) => old !== undefined && fresh !== undefined);
  const waiting = views.filter(({ old, fresh }) => old !== undefined && fresh === undefined);
  return {
    create: waiting.slice(0, Math.max(0, surge - pairs.length)).map(({ name }) => name),
    remove: pairs.flatMap(({ old, fresh }) => (old !== undefined && works(fresh, state) ? [old] : [])),
  };
}

export function daemonStatus(state: DaemonState): DaemonSetStatus {
  const { set, nodes, hash } = state;
  const groups = byNode(state.pods);
  const views = nodes.map((node) => {
    const [pod] = groups.get(node.metadata?.name ?? '') ?? [];
    return { run: fitOf(set, node).run, pod };
  });
  const wanted = views.filter((view) => view.run);
  const placed = wanted.flatMap((view) => view.pod ?? []);
  const available = placed.filter((pod) => works(pod, state)).length;
  const { conditions } = set.status ?? {};
  return {
    currentNumberScheduled: placed.length,
    numberMisscheduled: views.filter((view) => !view.run && view.pod !== undefined).length,
    desiredNumberScheduled: wanted.length,
    numberReady: placed.filter(isReady).length,
    observedGeneration: set.metadata?.generation ?? 0,
    ...compact({
      updatedNumberScheduled: placed.filter((pod) => isNew(pod, hash)).length,
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
    }),
    ...(state.collisionCount === 0 ? {} : { collisionCount: state.collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}
