import { describe, expect, it } from '@jest/globals';
import type { ValidatingWebhook, ValidatingWebhookConfiguration } from '../../../openapi/generated/types.ts';
import { validatingWebhookConfigurationStrategy as strategy } from './webhook-configurations.ts';

const fine: ValidatingWebhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://127.0.0.1/a' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
};

function faultsOf(more: Partial<ValidatingWebhook>): readonly string[] {
  const configuration: ValidatingWebhookConfiguration = { webhooks: [{ ...fine, ...more }] };
  return (strategy.validate?.(configuration) ?? []).map(({ field, message }) => `${field}: ${message}`);
}

function rule(...resources: string[]): Partial<ValidatingWebhook> {
  return { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources }] };
}

const url = (text: string): Partial<ValidatingWebhook> => ({ clientConfig: { url: text } });
const https = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
const host = 'host must be specified; desired format: https://host[/path]';

const cases: { name: string; more: Partial<ValidatingWebhook>; want: string[] }[] = [
  { name: 'nothing wrong', more: {}, want: [] },
  {
    name: 'another scheme',
    more: url('http://h/a'),
    want: [`clientConfig.url: Invalid value: "http": ${https}`],
  },
  {
    name: 'no URL at all',
    more: url('nothing'),
    want: [`clientConfig.url: Invalid value: "": ${https}`, `clientConfig.url: Invalid value: "": ${host}`],
  },
  {
    name: 'a user, a query and a fragment',
    more: url('https://me@h/a?x=1#y'),
    want: [
      'clientConfig.url: Invalid value: "me": user information is not permitted in the URL',
      'clientConfig.url: Invalid value: "y": fragments are not permitted in the URL',
      'clientConfig.url: Invalid value: "x=1": query parameters are not permitted in the URL',
    ],
  },
  {
    name: 'a path with a gap',
    more: { clientConfig: { service: { namespace: 'a', name: 'b', path: '/a//b' } } },
    want: ['clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty'],
  },
  {
    name: 'a version twice',
    more: { admissionReviewVersions: ['v1', 'v1'] },
    want: ['admissionReviewVersions[1]: Invalid value: "v1": duplicate version'],
  },
  {
    name: 'a wildcard and what it covers',
    more: rule('*', 'pods'),
    want: [
      `rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
    ],
  },
  {
    name: 'a subresource that a wildcard covers',
    more: rule('pods/*', 'pods/log', '*'),
    want: [
      `rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
    ],
  },
];

describe('the validation of webhook configurations', () => {
  for (const { name, more, want } of cases)
    it(`tells of ${name}`, () => {
      expect(faultsOf(more)).toEqual(want.map((each) => `webhooks[0].${each}`));
    });
});
