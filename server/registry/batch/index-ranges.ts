export type Indexes =
  { readonly total: number; readonly ranges: readonly Range[] } | { readonly fault: string };
type Range = readonly [first: number, last: number];

/** Reads "0,2-4": indexes below `completions`, growing. */
export function parseIndexes(text: string, completions: number): Indexes {
  const ranges: Range[] = [];
  if (text === '') return { total: 0, ranges };
  let total = 0;
  for (const part of text.split(',')) {
    const range = parseRange(part, completions);
    if (typeof range === 'string') return { fault: range };
    const last = ranges.at(-1)?.[1];
    if (last !== undefined && last >= range[0]) return { fault: notGrowing(last, range[0]) };
    total += range[1] - range[0] + 1;
    ranges.push(range);
  }
  return { total, ranges };
}

function notGrowing(previous: number, current: number): string {
  return `non-increasing order, previous: ${previous}, current: ${current}`;
}

/** A range, or what is wrong with it. */
function parseRange(text: string, completions: number): Range | string {
  const parts = text.split('-');
  if (parts.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const numbers: number[] = [];
  for (const part of parts) {
    if (!/^\+?\d{1,15}$/.test(part))
      return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`;
    numbers.push(Number(part));
  }
  const [first = 0, last = first] = numbers;
  return numbers.length === 2 && first >= last ? notGrowing(first, last) : [first, last];
}

/** The first index that two lists have in common; those that cannot be read have none. */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const [a, b] = [parseIndexes(one, completions), parseIndexes(other, completions)];
  if ('fault' in a || 'fault' in b) return undefined;
  for (const [first, last] of a.ranges) {
    const hit = b.ranges.find((range) => first <= range[1] && range[0] <= last);
    if (hit !== undefined) return Math.max(first, hit[0]);
  }
  return undefined;
}
