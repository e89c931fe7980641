export interface MediaRange {
  /** "application/json", in lower case; may hold `*`. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The clauses of an Accept header, the most wanted first; those with q=0 are left out. No header means anything. */
export function parseAccept(header: string | readonly string[] | undefined): readonly MediaRange[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  if (text.trim() === '') return [{ type: '*/*', parameters: {} }];
  return text
    .split(',')
    .map(parseClause)
    .filter(({ quality, range }) => quality > 0 && range.type !== '')
    .sort((a, b) => b.quality - a.quality)
    .map(({ range }) => range);
}

/** The first clause that names one of `types` decides; undefined when none does. */
export function chooseType(ranges: readonly MediaRange[], types: readonly string[]): string | undefined {
  for (const range of ranges) {
    const found = types.find((type) => covers(range.type, type));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function covers(range: string, type: string): boolean {
  return range === '*/*' || range === type || (range === 'application/*' && type.startsWith('application/'));
}

function parseClause(clause: string): { range: MediaRange; quality: number } {
  const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
  const pairs = rest.map((part): [string, string] => {
    const at = part.indexOf('=');
    return at === -1 ? [part.toLowerCase(), ''] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
  });
  const parameters: Record<string, string> = Object.assign(
    Object.create(null) as Record<string, string>,
    Object.fromEntries(pairs),
  );
  const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
  return { range: { type: type.toLowerCase(), parameters }, quality: Number.isNaN(quality) ? 0 : quality };
}
