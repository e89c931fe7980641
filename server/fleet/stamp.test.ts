import { describe, expect, it } from '@jest/globals';
import type { AgentConfig } from '../../openapi/machinery/agent-contract.ts';
import { inputsOf, isCurrent, parseStamp } from './stamp.ts';

const config: AgentConfig = {
  nodeName: 'a',
  clusterId: 'c',
  nodeIP: '',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clusterDNS: '10.96.0.10',
  clusterDomain: 'cluster.local',
  runtime: 'docker',
  api: { serverName: 'kubernetes', ca: 'CA', certificate: 'C1', key: 'K1' },
  labels: {},
  taints: [],
};

describe('inputsOf()', () => {
  it('is the same for another credential', () => {
    expect(inputsOf({ ...config, api: { ...config.api, certificate: 'C2', key: 'K2' } })).toBe(
      inputsOf(config),
    );
  });
  it('differs for another CA and for other labels', () => {
    expect(inputsOf({ ...config, api: { ...config.api, ca: 'CB' } })).not.toBe(inputsOf(config));
    expect(inputsOf({ ...config, labels: { a: 'b' } })).not.toBe(inputsOf(config));
  });
});

describe('isCurrent()', () => {
  const stamp = { clusterId: 'c', nodeName: 'a', inputs: 'i', config: 'f', notAfterMs: 300, renewAtMs: 200 };
  const cases = [
    { name: 'what was installed as wanted', inputs: 'i', file: 'f', now: 100, want: true },
    { name: 'not when something else is wanted', inputs: 'j', file: 'f', now: 100, want: false },
    { name: 'not when the file was changed', inputs: 'i', file: 'g', now: 100, want: false },
    { name: 'not when the certificate is due', inputs: 'i', file: 'f', now: 200, want: false },
  ];
  for (const { name, inputs, file, now, want } of cases)
    it(`takes ${name}`, () => {
      expect(isCurrent(parseStamp(JSON.stringify(stamp)), inputs, file, now)).toBe(want);
    });
  for (const text of ['', '{', 'null', '{"clusterId":1}', '[]'])
    it(`takes ${JSON.stringify(text)} for no stamp`, () => {
      expect(parseStamp(text)).toBeUndefined();
    });
});
