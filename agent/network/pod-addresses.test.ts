import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatRecords, parseRecords, PodAddresses, type PodRecord } from './pod-addresses.ts';

function record(ip: string): PodRecord {
  return { ip, hostPorts: [] };
}

describe('PodAddresses', () => {
  it('gives the same pod the same address, also after a restart', () => {
    const addresses = new PodAddresses('10.244.1.0/24', new Map());
    const { ip } = addresses.take('uid-1', []);
    expect(addresses.take('uid-1', []).ip).toBe(ip);
    const again = new PodAddresses('10.244.1.0/24', parseRecords(formatRecords(addresses.pods)));
    expect(again.take('uid-1', []).ip).toBe(ip);
  });

  it('never gives network, gateway or broadcast, nor an address twice', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 13, maxLength: 13 }), (uids) => {
        const addresses = new PodAddresses('10.0.0.16/28', new Map());
        const taken = uids.map((uid) => addresses.take(uid, []).ip);
        expect(new Set(taken).size).toBe(13);
        for (const bad of ['10.0.0.16', '10.0.0.17', '10.0.0.31']) expect(taken).not.toContain(bad);
        expect(() => addresses.take('one more', [])).toThrow('all 13 of this node are taken');
        addresses.release(uids[5] ?? '');
        expect(addresses.take('one more', []).ip).toBe(taken[5]);
      }),
    );
  });

  it('forgets records of another range, and the second of two with one address', () => {
    const addresses = new PodAddresses(
      '10.244.1.0/24',
      new Map([
        ['a', record('10.244.1.5')],
        ['b', record('10.244.1.5')],
        ['c', record('10.9.9.9')],
      ]),
    );
    expect([...addresses.pods.keys()]).toEqual(['a']);
    expect(addresses.gateway).toBe('10.244.1.1');
  });

  it('refuses a range without room', () => {
    expect(() => new PodAddresses('10.0.0.0/31', new Map())).toThrow('it has none to give');
  });
});

describe('parseRecords()', () => {
  it('reads no file as no pods', () => {
    expect(parseRecords(undefined).size).toBe(0);
  });
  for (const text of [
    '',
    '[]',
    '{"version":2,"pods":{}}',
    '{"version":1,"pods":{"a":{"ip":1,"hostPorts":[]}}}',
  ]) {
    it(`refuses ${JSON.stringify(text)} rather than guess`, () => {
      expect(() => parseRecords(text)).toThrow();
    });
  }
});
