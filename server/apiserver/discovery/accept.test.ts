import { describe, expect, it } from '@jest/globals';
import { chooseType, parseAccept } from './accept.ts';

const served = ['application/json', 'application/yaml'];

describe('an Accept header', () => {
  it.each([
    { name: 'is absent: the first type', header: undefined, type: 'application/json' },
    { name: 'is empty', header: ' ', type: 'application/json' },
    { name: 'names one', header: 'application/yaml', type: 'application/yaml' },
    { name: 'in another case', header: 'Application/YAML', type: 'application/yaml' },
    {
      name: 'prefers by quality',
      header: 'application/json;q=0.5, application/yaml',
      type: 'application/yaml',
    },
    { name: 'falls back', header: 'text/html, application/yaml;q=0.1', type: 'application/yaml' },
    { name: 'with a wildcard', header: 'text/html, */*;q=0.1', type: 'application/json' },
    { name: 'of a wild subtype', header: 'application/*', type: 'application/json' },
    { name: 'excludes', header: 'application/json;q=0', type: undefined },
    { name: 'has an unreadable quality', header: 'application/json;q=x', type: undefined },
    { name: 'names nothing we have', header: 'text/html', type: undefined },
  ])('$name', ({ header, type }) => {
    expect(chooseType(parseAccept(header), served)).toBe(type);
  });

  it('keeps parameters, also those with names of Object', () => {
    const [range] = parseAccept('application/json;g=apidiscovery.k8s.io;v=v2;__proto__=x');
    expect(range?.parameters['g']).toBe('apidiscovery.k8s.io');
    expect(Object.getPrototypeOf(range?.parameters)).toBeNull();
  });
});
