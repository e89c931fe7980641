import { describe, expect, it } from '@jest/globals';
import { pods } from '../../openapi/generated/resources.ts';
import { forbidden } from '../../openapi/machinery/status.ts';
import { mutate, validate } from './chain.ts';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts';

const request: AdmissionRequest = {
  operation: 'CREATE',
  resource: pods,
  subresource: '',
  namespace: 'a',
  name: 'p',
  object: { metadata: { name: 'p' } },
  oldObject: undefined,
  user: { name: 'jane', groups: [] },
  dryRun: false,
  warn: () => undefined,
};

/** Adds its name to the labels. */
function labels(name: string, operations: AdmissionPlugin['operations'] = ['CREATE']): AdmissionPlugin {
  return {
    name,
    operations,
    mutate: ({ object }) =>
      Promise.resolve({
        ...object,
        metadata: { ...object?.metadata, labels: { ...object?.metadata?.labels, [name]: '' } },
      }),
  };
}
const refuses: AdmissionPlugin = {
  name: 'refuses',
  operations: ['CREATE'],
  mutate: () => Promise.reject(forbidden(pods, 'p', 'no')),
  validate: () => Promise.reject(forbidden(pods, 'p', 'no')),
};

describe('mutate()', () => {
  it('hands each what the one before made of it, in order, and leaves the request alone', async () => {
    const object = await mutate([labels('first'), labels('other', ['DELETE']), labels('second')], request);
    expect(Object.keys(object?.metadata?.labels ?? {})).toEqual(['first', 'second']);
    expect(request.object).toEqual({ metadata: { name: 'p' } });
  });

  it('ends with the first that refuses', async () => {
    await expect(mutate([refuses, labels('late')], request)).rejects.toMatchObject({ code: 403 });
  });
});

describe('validate()', () => {
  it('asks those that handle the operation', async () => {
    await expect(validate([labels('only changes')], request)).resolves.toBeUndefined();
    await expect(validate([refuses], { ...request, operation: 'UPDATE' })).resolves.toBeUndefined();
    await expect(validate([refuses], request)).rejects.toMatchObject({ code: 403 });
  });
});
