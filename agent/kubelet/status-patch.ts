import type { JsonObject, JsonValue } from '../../openapi/machinery/json.ts';
import type { PodCondition, PodStatus } from '../../openapi/generated/types.ts';

/** Equal as JSON says, whatever the order of fields; null and absent are the same. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isAbsent(a) || isAbsent(b)) return isAbsent(a) && isAbsent(b);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => sameJson(value, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    sameJson(left[key], right[key]),
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Fields of a status that the kubelet writes; it takes away none but these. */
const ownFields: readonly (keyof PodStatus)[] = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'qosClass',
  'ephemeralContainerStatuses',
];

/** Merged by address, so another address would join the old one instead of taking its place. */
const mergedByIp: ReadonlySet<keyof PodStatus> = new Set(['podIPs', 'hostIPs']);

/**
 * The strategic merge patch that brings a pod's status from `old` to `next`; undefined where nothing changed. Conditions merge
 * by type: those of others stay. The uid keeps it from a pod of the same name that came later.
 */
export function statusPatch(uid: string, old: PodStatus, next: PodStatus): JsonObject | undefined {
  const status: Record<string, JsonValue> = {};
  for (const field of ownFields) {
    if (sameJson(old[field], next[field])) continue;
    const value = (next[field] ?? null) as JsonValue;
    const list = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
    const replaces = list !== undefined && mergedByIp.has(field) && old[field] !== undefined;
    status[field] = replaces ? [...list, { $patch: 'replace' }] : value;
  }
  const conditions = changedConditions(old.conditions ?? [], next.conditions ?? []);
  if (conditions.length > 0) status['conditions'] = conditions as unknown as JsonValue;
  if (Object.keys(status).length === 0) return undefined;
  return { metadata: { uid }, status };
}

function changedConditions(old: readonly PodCondition[], next: readonly PodCondition[]): PodCondition[] {
  const changed: PodCondition[] = [];
  for (const condition of next) {
    const before = old.find(({ type }) => type === condition.type);
    if (sameJson(before, condition)) continue;
    const gone = Object.keys(before ?? {}).filter((field) => !Object.hasOwn(condition, field));
    changed.push({ ...condition, ...Object.fromEntries(gone.map((field) => [field, null])) });
  }
  return changed;
}
