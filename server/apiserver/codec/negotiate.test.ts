import { describe, expect, it } from '@jest/globals';
import type { Exchange } from '../exchange.ts';
import { negotiateInput, negotiateOutput, streamCodec } from './negotiate.ts';

function exchange(headers: Record<string, string>, url = '/api/v1/pods'): Exchange {
  return {
    method: 'GET',
    url,
    headers,
    certificate: undefined,
    signal: new AbortController().signal,
    readBody: () => Promise.resolve(new Uint8Array()),
  };
}
const options = { tables: true, streams: false };
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('negotiateOutput()', () => {
  const accepted = [
    { accept: '', type: 'application/json', transform: undefined },
    { accept: '*/*', type: 'application/json', transform: undefined },
    { accept: 'application/yaml', type: 'application/yaml', transform: undefined },
    {
      accept: 'application/json;q=0.4, application/yaml;q=0.9',
      type: 'application/yaml',
      transform: undefined,
    },
    { accept: `${table},application/json`, type: 'application/json', transform: 'Table' },
    {
      accept: `${table.replace('v1', 'v9')},application/json`,
      type: 'application/json',
      transform: undefined,
    },
    {
      accept: 'application/vnd.kubernetes.protobuf,application/json',
      type: 'application/json',
      transform: undefined,
    },
    {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      type: 'application/json',
      transform: 'PartialObjectMetadata',
    },
  ];
  for (const { accept, type, transform } of accepted) {
    it(`answers ${type}${transform === undefined ? '' : ` as ${transform}`} to "${accept}"`, () => {
      const output = negotiateOutput(exchange({ accept }), options);
      expect(output.codec.mediaType).toBe(type);
      expect(output.transform?.kind).toBe(transform);
    });
  }

  for (const accept of ['text/html', 'application/*', 'application/json;as=Table;g=example.com;v=v1']) {
    it(`refuses "${accept}"`, () => {
      expect(() => negotiateOutput(exchange({ accept }), options)).toThrow(/media types|Not Acceptable/);
    });
  }

  it('has no Table for what is not stored', () => {
    expect(() => negotiateOutput(exchange({ accept: table }), { ...options, tables: false })).toThrow(
      'only the following media types are accepted',
    );
  });

  it('is pretty for people', () => {
    expect(negotiateOutput(exchange({ 'user-agent': 'curl/8' }), options).pretty).toBe(true);
    expect(negotiateOutput(exchange({}, '/api/v1/pods?pretty=true'), options).pretty).toBe(true);
    expect(negotiateOutput(exchange({ 'user-agent': 'curl/8' }, '/x?pretty=false'), options).pretty).toBe(
      false,
    );
  });

  it('streams JSON, and no YAML', () => {
    const streams = { ...options, streams: true };
    expect(
      streamCodec(negotiateOutput(exchange({ accept: 'application/json;stream=watch' }), streams)).mediaType,
    ).toBe('application/json');
    const yaml = negotiateOutput(exchange({ accept: 'application/yaml' }), streams);
    expect(() => streamCodec(yaml)).toThrow('stream=watch');
  });
});

describe('negotiateInput()', () => {
  const known = [
    '',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
  ];
  for (const type of known) {
    it(`takes "${type}"`, () => {
      expect(negotiateInput(exchange({ 'content-type': type })).mediaType).toMatch(/^application\//);
    });
  }
  for (const type of ['text/plain', '*/*', 'json', 'application/json, application/yaml']) {
    it(`refuses "${type}"`, () => {
      expect(() => negotiateInput(exchange({ 'content-type': type }))).toThrow('unknown format');
    });
  }
});
