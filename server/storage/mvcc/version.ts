import type { Versioned } from '../storage.ts';

/** Memory that values share (slabs.ts). */
export interface Slab {
  disown(value: Value): void;
}

/** A key's value at one revision. */
export class Value implements Versioned {
  readonly key: string;
  /** Always the same bytes, but they may move to other memory. */
  value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  slab: Slab | undefined;

  constructor(key: string, value: Uint8Array, createRevision: number, modRevision: number) {
    this.key = key;
    this.value = value;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
  }
}

/** The end of a key's life. */
export class Tombstone {
  readonly key: string;
  readonly modRevision: number;

  constructor(key: string, modRevision: number) {
    this.key = key;
    this.modRevision = modRevision;
  }
}

export type Version = Value | Tombstone;

/** `version` as readers see it: a deleted key has none. */
export function live(version: Version | undefined): Value | undefined {
  return version instanceof Value ? version : undefined;
}
