import type {
  Container,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  SecurityContext,
} from '../../../openapi/generated/types.ts';
import type { ObjectMeta } from '../../../openapi/machinery/object.ts';

/** A pod, or the pod that a workload would make. */
export interface PodLike {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
}

/** Why a pod is not allowed: in short, and what in it is meant. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type CheckPod = (pod: PodLike) => Violation | undefined;

/** One rule of the standards, as it was from each version on. */
export interface Check {
  /** Orders the texts. */
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** The oldest first. A restricted rule may take the place of a baseline one. */
  readonly versions: readonly {
    readonly since: number;
    readonly check: CheckPod;
    readonly overrides?: string;
  }[];
}

export type AnyContainer = Container | EphemeralContainer;

export function allContainers({ spec }: PodLike): readonly AnyContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

/** `containers "a", "b"` */
export function named(noun: string, names: readonly string[]): string {
  return `${plural(noun, names.length)} ${quoted(names)}`;
}

export function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`;
}

export function quoted(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(', ');
}

export function sorted(texts: Iterable<string>): readonly string[] {
  return [...new Set(texts)].sort();
}

/** Containers of which `isBad` holds, as a violation that names them; none: undefined. */
export function containerViolation(
  pod: PodLike,
  reason: string,
  isBad: (container: AnyContainer) => boolean,
  detail: (containers: string) => string,
): Violation | undefined {
  const bad = allContainers(pod).filter(isBad);
  if (bad.length === 0) return undefined;
  const names = bad.map(({ name }) => name);
  return { reason, detail: detail(named('container', names)) };
}

/** Who sets something bad, in the pod's own security context or in a container's: `pod and container "a"`; "" for nobody. */
export function settersOf(
  pod: PodLike,
  isBad: (context: PodSecurityContext | SecurityContext) => boolean,
): string {
  const bad = allContainers(pod).filter((each) => isBad(each.securityContext ?? {}));
  const names = bad.map(({ name }) => name);
  return [
    ...(isBad(pod.spec.securityContext ?? {}) ? ['pod'] : []),
    ...(names.length === 0 ? [] : [named('container', names)]),
  ].join(' and ');
}

/** Values of all security contexts, the pod's first. */
export function contextsOf({ spec, metadata }: PodLike): readonly (PodSecurityContext | SecurityContext)[] {
  const own = allContainers({ spec, metadata }).map((each) => each.securityContext ?? {});
  return [spec.securityContext ?? {}, ...own];
}

export function isWindows({ spec }: PodLike): boolean {
  return spec.os?.name === 'windows';
}

/** Such a pod's root is nobody on the host. */
export function hasOwnUsers({ spec }: PodLike): boolean {
  return spec.hostUsers === false;
}
