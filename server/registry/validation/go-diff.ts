import { goValue } from './go-text.ts';

const contextLines = 3;
/** From so many lines on, lines that are frequent are no anchors of a match. */
const frequentFrom = 200;

/** How kube-apiserver shows what would change of an immutable value: a unified diff of the two as indented JSON, without a head. */
export function goDiff(type: string, old: unknown, now: unknown): string {
  return unifiedDiff(linesOf(goValue(type, old)), linesOf(goValue(type, now)));
}

function linesOf(value: unknown): readonly string[] {
  return JSON.stringify(value, undefined, 1).replace(/[<>&]/g, escaped).split('\n');
}

function escaped(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}

interface Block {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

interface Edit {
  readonly same: boolean;
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
}

export function unifiedDiff(a: readonly string[], b: readonly string[]): string {
  return hunksOf(editsOf(a, b))
    .map((hunk) => {
      const first = hunk[0];
      const last = hunk[hunk.length - 1];
      if (first === undefined || last === undefined) return '';
      const lines = hunk.flatMap((edit) =>
        edit.same
          ? a.slice(...edit.a).map((line) => ` ${line}\n`)
          : [
              ...a.slice(...edit.a).map((line) => `-${line}\n`),
              ...b.slice(...edit.b).map((line) => `+${line}\n`),
            ],
      );
      return `@@ -${range(first.a[0], last.a[1])} +${range(first.b[0], last.b[1])} @@\n${lines.join('')}`;
    })
    .join('');
}

function range(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

/** Edits with their surroundings; those that are near stand together. */
function hunksOf(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  const hunks: Edit[][] = [];
  let hunk: Edit[] = [];
  for (const [i, edit] of edits.entries()) {
    if (!edit.same) {
      hunk.push(edit);
      continue;
    }
    const isLast = i === edits.length - 1;
    const length = edit.a[1] - edit.a[0];
    if (hunk.length > 0 && (isLast || length > 2 * contextLines)) {
      hunks.push([...hunk, head(edit)]);
      hunk = [];
    }
    if (!isLast) hunk.push(hunk.length === 0 ? tail(edit) : edit);
  }
  if (hunk.some((edit) => !edit.same)) hunks.push(hunk);
  return hunks;
}

function head({ same, a, b }: Edit): Edit {
  return {
    same,
    a: [a[0], Math.min(a[1], a[0] + contextLines)],
    b: [b[0], Math.min(b[1], b[0] + contextLines)],
  };
}

function tail({ same, a, b }: Edit): Edit {
  return {
    same,
    a: [Math.max(a[0], a[1] - contextLines), a[1]],
    b: [Math.max(b[0], b[1] - contextLines), b[1]],
  };
}

function editsOf(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  for (const block of [...matchingBlocks(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < block.a || j < block.b) edits.push({ same: false, a: [i, block.a], b: [j, block.b] });
    [i, j] = [block.a + block.size, block.b + block.size];
    if (block.size > 0) edits.push({ same: true, a: [block.a, i], b: [block.b, j] });
  }
  return edits;
}

/** Ratcliff and Obershelp's: the longest run that both have, then the same on either side of it. */
function matchingBlocks(a: readonly string[], b: readonly string[]): readonly Block[] {
  const places = placesOf(b);
  const found: Block[] = [];
  const pending: (readonly [number, number, number, number])[] = [[0, a.length, 0, b.length]];
  for (let window = pending.pop(); window !== undefined; window = pending.pop()) {
    const [aStart, aEnd, bStart, bEnd] = window;
    const block = longestMatch(a, b, places, window);
    if (block.size === 0) continue;
    found.push(block);
    pending.push(
      [aStart, block.a, bStart, block.b],
      [block.a + block.size, aEnd, block.b + block.size, bEnd],
    );
  }
  return merged(found.sort((one, other) => one.a - other.a));
}

function merged(blocks: readonly Block[]): readonly Block[] {
  const out: Block[] = [];
  for (const block of blocks) {
    const last = out[out.length - 1];
    if (last !== undefined && last.a + last.size === block.a && last.b + last.size === block.b) {
      out[out.length - 1] = { ...last, size: last.size + block.size };
    } else out.push(block);
  }
  return out;
}

function placesOf(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    const known = places.get(line);
    if (known === undefined) places.set(line, [i]);
    else known.push(i);
  }
  if (lines.length < frequentFrom) return places;
  const most = Math.floor(lines.length / 100) + 1;
  return new Map([...places].filter(([, each]) => each.length <= most));
}

function longestMatch(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [aStart, aEnd, bStart, bEnd]: readonly [number, number, number, number],
): Block {
  let best: Block = { a: aStart, b: bStart, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = aStart; i < aEnd; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < bStart || j >= bEnd) continue;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  return widened(a, b, best, [aStart, aEnd, bStart, bEnd]);
}

/** Frequent lines beside a match belong to it. */
function widened(
  a: readonly string[],
  b: readonly string[],
  block: Block,
  [aStart, aEnd, bStart, bEnd]: readonly [number, number, number, number],
): Block {
  let { a: i, b: j, size } = block;
  while (i > aStart && j > bStart && a[i - 1] === b[j - 1]) {
    i--;
    j--;
    size++;
  }
  while (i + size < aEnd && j + size < bEnd && a[i + size] === b[j + size]) size++;
  return { a: i, b: j, size };
}
