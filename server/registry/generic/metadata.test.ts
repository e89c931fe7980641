import { describe, expect, it } from '@jest/globals';
import { checkDns1123Subdomain, nameCheck } from '../../../openapi/machinery/names.ts';
import type { ObjectMeta } from '../../../openapi/machinery/object.ts';
import { metadataProblems, metadataUpdateProblems, withUniqueOwners } from './metadata.ts';

const rule = nameCheck(checkDns1123Subdomain);
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u' };

describe('metadataProblems()', () => {
  const cases: readonly {
    readonly name: string;
    readonly metadata: ObjectMeta;
    readonly fields: readonly string[];
  }[] = [
    {
      name: 'good metadata',
      metadata: { labels: { 'example.com/a': 'b' }, finalizers: ['example.com/f'], ownerReferences: [owner] },
      fields: [],
    },
    { name: 'a key with a space', metadata: { labels: { 'a b': 'c' } }, fields: ['metadata.labels'] },
    {
      name: 'annotations with upper case in their domain',
      metadata: { annotations: { 'Example.com/a': '' } },
      fields: [],
    },
    {
      name: 'too many annotations',
      metadata: { annotations: { a: 'x'.repeat(1 << 18) } },
      fields: ['metadata.annotations'],
    },
    {
      name: 'a finalizer without a domain',
      metadata: { finalizers: ['mine'] },
      fields: ['metadata.finalizers[0]'],
    },
    {
      name: 'both finalizers of the collector',
      metadata: { finalizers: ['orphan', 'foregroundDeletion'] },
      fields: ['metadata.finalizers'],
    },
    {
      name: 'two controllers',
      metadata: { ownerReferences: ['u', 'v'].map((uid) => ({ ...owner, uid, controller: true })) },
      fields: ['metadata.ownerReferences'],
    },
    {
      name: 'an owner without a version',
      metadata: { ownerReferences: [{ ...owner, apiVersion: '' }] },
      fields: ['metadata.ownerReferences.apiVersion'],
    },
    {
      name: 'an Event as an owner',
      metadata: { ownerReferences: [{ ...owner, kind: 'Event' }] },
      fields: ['metadata.ownerReferences'],
    },
    { name: 'a negative generation', metadata: { generation: -1 }, fields: ['metadata.generation'] },
    { name: 'no name', metadata: { name: '' }, fields: ['metadata.name'] },
    { name: 'no namespace', metadata: { namespace: '' }, fields: ['metadata.namespace'] },
  ];
  for (const { name, metadata, fields } of cases) {
    it(`finds ${fields.length === 0 ? 'nothing' : 'a fault'} in ${name}`, () => {
      const problems = metadataProblems({ name: 'a', namespace: 'n', ...metadata }, true, rule, true);
      expect(problems.map(({ field }) => field)).toEqual(fields);
    });
  }
});

describe('metadataUpdateProblems()', () => {
  const old: ObjectMeta = { name: 'a', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 };
  const cases: readonly {
    readonly change: ObjectMeta;
    readonly before?: ObjectMeta;
    readonly fields: readonly string[];
  }[] = [
    { change: { labels: { x: 'y' } }, fields: [] },
    { change: { uid: 'v' }, fields: ['metadata.uid'] },
    { change: { generation: 1 }, fields: ['metadata.generation'] },
    { change: { deletionTimestamp: '2026-01-01T00:00:00Z' }, fields: ['metadata.deletionTimestamp'] },
    { change: { finalizers: ['a/b'] }, fields: [] },
    {
      change: { finalizers: ['a/b'] },
      before: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      fields: ['metadata.finalizers', 'metadata.deletionTimestamp'],
    },
  ];
  for (const { change, before = {}, fields } of cases) {
    it(`of ${JSON.stringify(change)} after ${JSON.stringify(before)} are ${JSON.stringify(fields)}`, () => {
      const problems = metadataUpdateProblems({ ...old, ...change }, { ...old, ...before });
      expect(problems.map(({ field }) => field)).toEqual(fields);
    });
  }
});

describe('withUniqueOwners()', () => {
  it('keeps the first of several with one uid, and says so', () => {
    const warnings: string[] = [];
    const metadata = { ownerReferences: [owner, { ...owner, name: 'second' }] };
    expect(withUniqueOwners(metadata, (text) => warnings.push(text), false)).toEqual({
      ownerReferences: [owner],
    });
    expect(warnings.join()).toContain('duplicate UID(s) observed: u');
  });
});
