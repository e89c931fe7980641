/** The order of keys in Go's YAML: letters behind all else, runs of digits by their value ("a2" before "a10"). */
export function compareKeys(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left[at] === right[at]) at++;
  if (at === length) return left.length - right.length;
  const [x = '', y = ''] = [left[at], right[at]];
  const [isLetterX, isLetterY] = [isLetter(x), isLetter(y)];
  if (isLetterX && isLetterY) return x < y ? -1 : 1;
  if (isLetterX || isLetterY) {
    const afterDigit = at > 0 && isDigit(left[at - 1] ?? '');
    return (afterDigit ? isLetterX : isLetterY) ? -1 : 1;
  }
  const byNumber = compareNumbers(left.slice(at), right.slice(at));
  return byNumber === 0 ? (x < y ? -1 : 1) : byNumber;
}

function compareNumbers(a: readonly string[], b: readonly string[]): number {
  const [x, y] = [digitsOf(a), digitsOf(b)];
  return x === y ? 0 : Number(x) === Number(y) ? x.length - y.length : Number(x) - Number(y);
}

function digitsOf(characters: readonly string[]): string {
  const end = characters.findIndex((each) => !isDigit(each));
  return characters.slice(0, end < 0 ? characters.length : end).join('');
}

function isLetter(character: string): boolean {
  return /\p{L}/u.test(character);
}

function isDigit(character: string): boolean {
  return /[0-9]/.test(character);
}
