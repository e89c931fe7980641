import { describe, expect, it } from '@jest/globals';
import { configMaps } from '../../openapi/generated/resources.ts';
import { encodeObject, headerText, objectText, withRevision } from './stored.ts';

const object = {
  metadata: {
    labels: { 'resourceVersion":"7': '"resourceVersion":"8"' },
    annotations: { note: '"resourceVersion":"9"' },
    name: 'a',
    namespace: 'n',
  },
  data: { resourceVersion: '"resourceVersion":"1"' },
};

describe('encodeObject()', () => {
  it('puts the revision where it belongs, whatever users write elsewhere', () => {
    const text = Buffer.from(encodeObject(configMaps, object)(42)).toString();
    const { metadata, ...rest } = JSON.parse(text) as typeof object & {
      metadata: { resourceVersion: string };
    };
    expect(metadata).toEqual({ ...object.metadata, resourceVersion: '42' });
    expect(rest).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', data: object.data });
  });

  it('begins with kind and apiVersion, so that a list can leave them out', () => {
    const text = Buffer.from(encodeObject(configMaps, object)(42)).toString();
    expect(text.startsWith(headerText(configMaps))).toBe(true);
    expect(JSON.parse(`{${text.slice(headerText(configMaps).length)}`)).not.toHaveProperty('kind');
  });
});

describe('withRevision()', () => {
  it('changes the revision alone', () => {
    const stored = encodeObject(configMaps, object)(42);
    expect(withRevision(stored, 1234).toString()).toBe(objectText(configMaps, object, '1234'));
  });
});
