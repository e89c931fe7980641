import type { KubeObject } from '../machinery/object.ts';

/** Families remembered at a time: beyond that it begins anew. */
const familiesMax = 1000;

/**
 * Makes one of what is equal in objects of one family, such as the pods of a ReplicaSet, which differ in little: a copy of ten
 * thousand pods then takes a fraction of the memory, and gives the garbage collector as much less to walk through.
 */
export class SharedParts {
  readonly #families = new Map<string, KubeObject>();

  /** Puts parts of an earlier object of the family into the place of equal ones. The object must be the caller's own to change. */
  share(object: KubeObject): void {
    const family = familyOf(object);
    if (family === undefined) return;
    const known = this.#families.get(family);
    if (known !== undefined) {
      adopt(known as unknown as Parts, object as unknown as Parts);
      return;
    }
    if (this.#families.size >= familiesMax) this.#families.clear();
    this.#families.set(family, object);
  }
}

/** By what controls it, else by its labels. */
function familyOf({ metadata }: KubeObject): string | undefined {
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  if (controller !== undefined) return controller.uid;
  return metadata?.labels === undefined ? undefined : JSON.stringify(metadata.labels);
}

type Parts = Record<string, unknown>;

/** True when all is equal; else what is equal within has become one. */
function adopt(known: Parts, fresh: Parts): boolean {
  let same = Array.isArray(known) === Array.isArray(fresh);
  let members = 0;
  for (const name in fresh) {
    members++;
    const mine = fresh[name];
    const theirs = Object.hasOwn(known, name) ? known[name] : undefined;
    if (isParts(mine) && isParts(theirs) ? adopt(theirs, mine) : mine === theirs) fresh[name] = theirs;
    else same = false;
  }
  if (same) for (const _name in known) members--;
  return same && members === 0;
}

function isParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null;
}
