import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../openapi/generated/types.ts';
import { chooseContainer, parseProxyTarget } from './targets.ts';

describe('the target of a proxy', () => {
  it.each([
    ['web', { scheme: 'http', name: 'web', port: '' }],
    ['web:80', { scheme: 'http', name: 'web', port: '80' }],
    ['web:http', { scheme: 'http', name: 'web', port: 'http' }],
    ['https:web:443', { scheme: 'https', name: 'web', port: '443' }],
    [':web:', { scheme: 'http', name: 'web', port: '' }],
    ['ftp:web:21', undefined],
    ['http:web:80:more', undefined],
  ])('%p', (text, target) => {
    expect(parseProxyTarget(text)).toEqual(target);
  });
});

describe('the container of a command', () => {
  const container = (name: string): { name: string; image: string } => ({ name, image: 'i' });
  const pod = (names: readonly string[], init: readonly string[] = []): Pod => ({
    metadata: { name: 'p' },
    spec: { containers: names.map(container), initContainers: init.map(container) },
  });

  it.each([
    { name: 'is the only one', of: pod(['a']), wanted: '', chosen: 'a' },
    { name: 'is the one named', of: pod(['a', 'b']), wanted: 'b', chosen: 'b' },
    { name: 'may be an init container', of: pod(['a'], ['i']), wanted: 'i', chosen: 'i' },
  ])('$name', ({ of, wanted, chosen }) => {
    expect(chooseContainer(of, wanted)).toBe(chosen);
  });

  it.each([
    { of: pod(['a', 'b']), wanted: '', why: 'choose one of: [a b]' },
    { of: pod(['a'], ['i']), wanted: '', why: 'choose one of: [i a]' },
    { of: pod(['a']), wanted: 'x', why: 'container x is not valid for pod p' },
  ])('is refused: $why', ({ of, wanted, why }) => {
    expect(() => chooseContainer(of, wanted)).toThrow(why);
  });
});
