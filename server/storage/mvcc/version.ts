import type { Versioned } from '../storage.ts';

/** Memory that values share (slabs.ts). */
export interface Slab {
  view(offset: number, length: number): Uint8Array;
}

/** A key's value at one revision. Its bytes may move from one slab to another; they are always the same. */
export class Value implements Versioned {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How many bytes the value has. */
  readonly length: number;
  slab: Slab;
  offset: number;
  /** The store knows it no more, and has given up its bytes: they stay while somebody has this. */
  isForgotten = false;
  note: unknown = undefined;

  constructor(key: string, revisions: Revisions, place: Place) {
    this.key = key;
    this.createRevision = revisions.create;
    this.modRevision = revisions.mod;
    this.length = place.length;
    this.slab = place.slab;
    this.offset = place.offset;
  }

  /** A view, made anew for each call: a view for each of all values would be what the garbage collector has most work with. */
  get value(): Uint8Array {
    return this.slab.view(this.offset, this.length);
  }
}

export interface Revisions {
  readonly create: number;
  readonly mod: number;
}

export interface Place {
  readonly slab: Slab;
  readonly offset: number;
  readonly length: number;
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
