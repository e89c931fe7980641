import { describe, expect, it } from '@jest/globals';
import { goDiff, unifiedDiff } from './go-diff.ts';
import { goList, goValue } from './go-text.ts';

describe('goValue()', () => {
  it('shows every field under its Go name, in the order of the type', () => {
    expect(JSON.stringify(goValue('Toleration', { operator: 'Exists', key: 'a' }))).toBe(
      '{"Key":"a","Operator":"Exists","Value":"","Effect":"","TolerationSeconds":null}',
    );
  });

  it('puts what is embedded among the fields', () => {
    expect(goValue('SecretKeySelector', { name: 's', key: 'k' })).toEqual({
      Name: 's',
      Key: 'k',
      Optional: null,
    });
  });

  it('keeps what is sent beside the security context of a pod inside it', () => {
    const value = goValue('PodSpec', { containers: [], hostPID: true }) as Record<string, unknown>;
    expect(value['SecurityContext']).toMatchObject({ HostPID: true, HostNetwork: false, HostUsers: null });
    expect(value).not.toHaveProperty('HostPID');
  });

  it('sorts maps, and shows no list as null and an empty one as empty', () => {
    expect(goValue('ResourceRequirements', { limits: { memory: '1', cpu: '2' } })).toEqual({
      Limits: { cpu: '2', memory: '1' },
      Requests: null,
      Claims: null,
    });
    expect(goList('NodeSelectorTerm', undefined)).toBeNull();
    expect(goList('NodeSelectorTerm', [])).toEqual([]);
  });
});

describe('goDiff()', () => {
  it('shows the lines around a change, and no head', () => {
    expect(goDiff('PersistentVolumeClaimSpec', { accessModes: ['A'] }, { accessModes: ['B'] })).toBe(
      '@@ -1,6 +1,6 @@\n {\n  "AccessModes": [\n-  "A"\n+  "B"\n  ],\n  "Selector": null,\n  "Resources": {\n',
    );
  });
});

describe('unifiedDiff()', () => {
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

  it('is empty for equal texts', () => {
    expect(unifiedDiff(['a'], ['a'])).toBe('');
  });

  it('tells changes that are far apart in two hunks', () => {
    const old = numbers(20);
    const now = old.map((line) => (line === '1' || line === '18' ? `${line}!` : line));
    expect(unifiedDiff(old, now).match(/^@@ .* @@$/gm)).toEqual(['@@ -1,5 +1,5 @@', '@@ -16,5 +16,5 @@']);
  });

  it('tells of what is added at the end, and of what was all there is', () => {
    expect(unifiedDiff(['a'], ['a', 'b'])).toBe('@@ -1 +1,2 @@\n a\n+b\n');
    expect(unifiedDiff(['a'], [])).toBe('@@ -1 +0,0 @@\n-a\n');
  });

  it('takes no frequent line for an anchor in a long text', () => {
    const old = numbers(300).flatMap((line) => [line, '}']);
    const now = old.filter((line) => line !== '150');
    expect(unifiedDiff(old, now)).toContain('-150\n');
  });
});
