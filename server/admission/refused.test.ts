import { describe, expect, it } from '@jest/globals';
import { pods } from '../../openapi/generated/resources.ts';
import type { AdmissionRequest } from './plugin.ts';
import { refused } from './refused.ts';

describe('refused()', () => {
  it.each([
    { name: 'by the name of the request', request: { name: 'a' }, says: 'pods "a" is forbidden: no' },
    {
      name: 'by the name of the object',
      request: { metadata: { name: 'b' } },
      says: 'pods "b" is forbidden: no',
    },
    {
      name: 'by what its name will begin with',
      request: { metadata: { generateName: 'c-' } },
      says: 'pods "c-" is forbidden: no',
    },
    { name: 'as unknown when it has none of them', request: {}, says: 'pods "Unknown" is forbidden: no' },
  ])('calls the object $name', ({ request: { name = '', metadata }, says }) => {
    const object = metadata === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', metadata };
    expect(refused({ resource: pods, name, object } as AdmissionRequest, 'no').message).toBe(says);
  });
});
