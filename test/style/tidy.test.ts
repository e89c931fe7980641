import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (['generated', 'node_modules', '.cache'].includes(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

const sources = ['server', 'agent', 'openapi', 'test']
  .flatMap(filesBelow)
  .filter((path) => path.endsWith('.ts'));
const product = sources.filter((path) => !path.startsWith('test/') && !path.endsWith('.test.ts'));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Words that do not belong in the source, and what to do in their place. */
const banned: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bFIX(ME)\b|\bX{3}\b/, instead: 'mend it, or file an issue' },
  { pattern: /\bTO(DO)\b/, instead: 'do it, or file an issue' },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, instead: 'mend the type' },
  { pattern: /\b(it|test|describe)\.(only|todo)\b/, instead: 'run all tests' },
  { pattern: /AbortSignal\.any/, instead: 'linkSignals, since it leaks in Node 20' },
  { pattern: /deb\.debian\.org|registry\.npmjs|\/work\//, instead: 'no host or path of one machine' },
];

describe('the source', () => {
  for (const { pattern, instead } of banned)
    it(`has no ${pattern.source}: ${instead}`, () => {
      const found = sources.filter((path) => path !== 'test/style/tidy.test.ts' && pattern.test(text(path)));
      expect(found).toEqual([]);
    });

  it('registers every plugin, controller and kind in the index of its folder', () => {
    const registries = [
      { folder: 'server/admission/plugins', index: 'server/admission/plugins/index.ts' },
      { folder: 'server/scheduler/plugins', index: 'server/scheduler/plugins/index.ts' },
      {
        folder: 'server/controllers',
        index: 'server/controllers/index.ts',
        marks: /export function create\w+(Controller|Collector)\(/,
      },
      {
        folder: 'agent/volumes',
        index: 'agent/volumes/index.ts',
        marks: /satisfies VolumePlugin|: VolumePlugin = /,
      },
    ];
    const missing = registries.flatMap(({ folder, index, marks }) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && `${folder}/${name}` !== index)
        .filter((name) => marks === undefined || marks.test(text(`${folder}/${name}`)))
        .filter((name) => !text(index).includes(`./${name}`))
        .map((name) => `${folder}/${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('is named in kebab-case', () => {
    const odd = sources.filter(
      (path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/.test(path.split('/').at(-1) ?? ''),
    );
    expect(odd).toEqual([]);
  });

  it('keeps files small', () => {
    const large = product.filter((path) => text(path).split('\n').length > 600);
    expect(large).toEqual([]);
  });

  it('has at the top only what the layout names', () => {
    const allowed = [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'README.md',
      'LICENSE',
      'server',
      'agent',
      'openapi',
      'test',
      'examples',
      'node_modules',
      'dist',
    ];
    const others = readdirSync(root).filter((name) => !name.startsWith('.') && !allowed.includes(name));
    expect(others).toEqual([]);
  });
});

describe('examples/', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) =>
    statSync(join(root, 'examples', name)).isDirectory(),
  );
  const tests = filesBelow('test')
    .filter((path) => path.endsWith('.test.ts'))
    .map(text)
    .join('\n');
  for (const name of examples) {
    it(`${name} has a README`, () => {
      expect(existsSync(join(root, 'examples', name, 'README.md'))).toBe(true);
    });
    it(`${name} is run by a test`, () => {
      expect(tests.includes(`examples/${name}`)).toBe(true);
    });
  }
});
