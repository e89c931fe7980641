import type { JsonArray, JsonObject, JsonValue } from '../json.ts';
import { setOwn } from '../tree.ts';
import type { ListForm, MergeType } from './merge-type.ts';
import { elementText, itemElement, TypeFault, type PathElement } from './path-element.ts';
import { formOf, isEmptyMap, listOf, mapOf, memberType, ownMember, type Value } from './value.ts';

/**
 * The object with what `applied` says put in. Nothing goes away by it, null in the place of a map or list too. A list that is not
 * atomic takes the order of the applied one as far as that goes. Pure. Throws TypeFault.
 */
export function merge(type: MergeType, current: JsonObject, applied: JsonObject): JsonObject {
  return mapOf(merged(type, current, applied));
}

/** At most one of them is undefined. */
function merged(type: MergeType, current: Value, applied: Value): Value {
  return mergedAs(formOf(type, applied ?? current), type, current, applied);
}

function mergedAs(form: 'map' | 'scalar' | 'list', type: MergeType, current: Value, applied: Value): Value {
  if (form === 'map' && type.map?.atomic === false) return mergedMaps(type, current, applied);
  if (form === 'list' && type.list !== undefined && type.list.relation !== 'atomic') {
    return mergedLists(type.list, current, applied);
  }
  return applied === undefined ? current : applied;
}

function mergedMaps(type: MergeType, current: Value, applied: Value): Value {
  const left = mapOf(current);
  const right = mapOf(applied);
  if (isEmptyMap(left) && isEmptyMap(right)) return applied === undefined ? current : applied;
  const result: Record<string, JsonValue> = {};
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const was = ownMember(left, key);
    const wanted = ownMember(right, key);
    if (was === undefined && wanted === undefined) continue;
    const member = memberType(type, key);
    const value = member === undefined ? (wanted ?? was) : merged(member, was, wanted);
    if (value !== undefined) setOwn(result, key, value);
  }
  return isEmptyMap(result) ? undefined : result;
}

function mergedLists(form: ListForm, current: Value, applied: Value): Value {
  const left = listOf(current);
  const right = listOf(applied);
  if (left.length === 0 && right.length === 0) return applied === undefined ? current : applied;
  const result = new ListMerge(form, left, right).run();
  return result.length === 0 ? undefined : result;
}

/** One merge of two lists whose elements are told apart by a key or their value. */
class ListMerge {
  readonly #form: ListForm;
  readonly #left: JsonArray;
  readonly #leftElements: readonly PathElement[];
  /** Undefined for a key that several elements have: they are not merged with anything. */
  readonly #leftItems = new Map<PathElement, Value>();
  readonly #rightElements: readonly PathElement[];
  readonly #rightItems = new Map<PathElement, JsonValue>();
  readonly #result: JsonValue[] = [];
  readonly #done = new Set<PathElement>();
  /** The elements of both lists, in the order of the applied one, that are still to come. */
  readonly #shared: PathElement[];

  constructor(form: ListForm, left: JsonArray, right: JsonArray) {
    this.#form = form;
    this.#left = left;
    this.#leftElements = left.map((item) => itemElement(form, item));
    this.#leftElements.forEach((element, index) => {
      this.#leftItems.set(element, this.#leftItems.has(element) ? undefined : left[index]);
    });
    this.#rightElements = right.map((item) => this.#indexed(item));
    this.#shared = this.#rightElements.filter((element) => this.#leftItems.has(element));
  }

  #indexed(item: JsonValue): PathElement {
    const element = itemElement(this.#form, item);
    if (this.#rightItems.has(element)) {
      throw new TypeFault(`duplicate entries for key ${elementText(element)}`);
    }
    this.#rightItems.set(element, item);
    return element;
  }

  run(): JsonArray {
    const left = this.#leftElements;
    const right = this.#rightElements;
    for (let l = 0, r = 0; l < left.length || r < right.length;) {
      const mine = left[l];
      const theirs = right[r];
      if (mine !== undefined && mine === theirs) {
        this.#takeBoth(mine);
        l++;
        r++;
      } else if (mine !== undefined && theirs !== undefined && this.#comesLater(mine)) {
        l++;
      } else if (mine !== undefined && !this.#rightItems.has(mine)) {
        this.#push(this.#left[l], undefined);
        l++;
      } else {
        // The element here is of both lists: it has been taken already, or is when its turn in the applied list comes.
        if (mine !== undefined && this.#done.has(mine)) l++;
        if (theirs !== undefined) {
          this.#takeBoth(theirs);
          r++;
        }
      }
    }
    return this.#result;
  }

  /** An element of both lists, though not the one whose turn it is. */
  #comesLater(element: PathElement): boolean {
    const [next] = this.#shared;
    return this.#rightItems.has(element) && next !== undefined && next !== element;
  }

  #takeBoth(element: PathElement): void {
    this.#done.add(element);
    if (this.#shared[0] === element) this.#shared.shift();
    this.#push(this.#leftItems.get(element), this.#rightItems.get(element));
  }

  #push(current: Value, applied: Value): void {
    const value = merged(this.#form.items, current, applied);
    if (value !== undefined) this.#result.push(value);
  }
}
