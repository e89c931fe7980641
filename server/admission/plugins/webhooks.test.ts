import { describe, expect, it } from '@jest/globals';
import { admissionRequest } from '../../../test/fakes/admission.ts';
import { lookupOf } from '../../../test/fakes/lookup.ts';
import { configMaps, validatingWebhookConfigurations } from '../../../openapi/generated/resources.ts';
import type { ConfigMap, MutatingWebhook } from '../../../openapi/generated/types.ts';
import type { JsonValue } from '../../../openapi/machinery/json.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import { mutate, validate } from '../chain.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import type { ObjectForms } from '../webhooks/forms.ts';
import { CallError } from '../webhooks/review.ts';
import { mutatingWebhook } from './mutating-webhook.ts';
import { validatingWebhook } from './validating-webhook.ts';

interface Review {
  readonly request: { readonly uid: string; readonly object: ConfigMap | null; readonly operation: string };
}
type Answer = (review: Review) => object;

const forms: ObjectForms = {
  othersOf: () => [],
  convert: (object) => object,
  read: (_resource, json) => json,
};

/** Answers by the path of the webhook's URL, and keeps the names of those that were called. */
function answering(answers: Readonly<Record<string, Answer>>, calls: string[] = []): WebhookCaller {
  return {
    call({ url = '' }, body) {
      const name = new URL(url).pathname.slice(1);
      calls.push(name);
      const answer = answers[name];
      if (answer === undefined)
        return Promise.reject(new CallError('failed to call webhook: nobody is there'));
      const { uid } = (body as Review).request;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      return Promise.resolve({ ...review, response: { uid, ...answer(body as Review) } } as JsonValue);
    },
  };
}

function hook(name: string, more: Partial<MutatingWebhook> = {}): MutatingWebhook {
  return {
    name: `${name}.example.com`,
    clientConfig: { url: `https://127.0.0.1/${name}` },
    rules: [
      { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
    ],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  };
}

const namespace: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'a', labels: { team: 'x' } },
};

function configured(kind: string, name: string, ...webhooks: MutatingWebhook[]): KubeObject {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, webhooks } as KubeObject;
}

function validating(webhooks: WebhookCaller, ...hooks: MutatingWebhook[]): AdmissionPlugin {
  const lookup = lookupOf([namespace, configured('ValidatingWebhookConfiguration', 'c', ...hooks)]);
  return validatingWebhook({ lookup, webhooks, forms });
}

const map: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: '1' } };

function asked(given: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return admissionRequest({ resource: configMaps, name: 'm', object: map, ...given });
}

function patch(...operations: object[]): object {
  const text = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { allowed: true, patchType: 'JSONPatch', patch: text };
}

describe('ValidatingAdmissionWebhook', () => {
  const refusals: { name: string; answer: object; want: object }[] = [
    {
      name: 'without a word',
      answer: { allowed: false },
      want: {
        code: 400,
        message: 'admission webhook "no.example.com" denied the request without explanation',
      },
    },
    {
      name: 'with a message and a code',
      answer: { allowed: false, status: { message: 'gone', code: 410 } },
      want: { code: 410, message: 'admission webhook "no.example.com" denied the request: gone' },
    },
    {
      name: 'with a code of success',
      answer: { allowed: false, status: { message: 'x', code: 200, reason: 'Conflict' } },
      want: { code: 400, reason: 'Conflict' },
    },
  ];
  for (const { name, answer, want } of refusals)
    it(`passes a refusal on ${name}`, async () => {
      const run = validate([validating(answering({ no: () => answer }), hook('no'))], asked());
      await expect(run).rejects.toMatchObject(want);
    });

  it('shows the request, and hands warnings on', async () => {
    const reviews: Review[] = [];
    const warnings: string[] = [];
    const caller = answering({
      see(review) {
        reviews.push(review);
        return { allowed: true, warnings: ['careful'] };
      },
    });
    const options = { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' };
    const request = asked({ options, warn: (text) => void warnings.push(text) });
    await validate([validating(caller, hook('see'))], request);
    expect(warnings).toEqual(['careful']);
    expect(reviews[0]).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'm',
        namespace: 'a',
        operation: 'CREATE',
        object: map,
        oldObject: null,
        dryRun: false,
        options,
        userInfo: { username: 'jane' },
      },
    });
  });

  it('refuses when a webhook cannot be asked, unless it says that this is no matter', async () => {
    const run = validate([validating(answering({}), hook('lost'))], asked());
    await expect(run).rejects.toMatchObject({
      code: 500,
      message:
        'Internal error occurred: failed calling webhook "lost.example.com": failed to call webhook: nobody is there',
    });
    await validate([validating(answering({}), hook('lost', { failurePolicy: 'Ignore' }))], asked());
  });

  it('asks no webhook with side effects about a dry run', async () => {
    const run = validate(
      [validating(answering({}), hook('x', { sideEffects: 'Some' }))],
      asked({ dryRun: true }),
    );
    await expect(run).rejects.toMatchObject({ code: 400 });
  });

  const choices: {
    name: string;
    more: Partial<MutatingWebhook>;
    given?: Partial<AdmissionRequest>;
    called: boolean;
  }[] = [
    {
      name: 'an operation that its rules name',
      more: {},
      given: { operation: 'UPDATE', oldObject: map },
      called: true,
    },
    { name: 'an operation that they do not', more: {}, given: { operation: 'DELETE' }, called: false },
    { name: 'a subresource that they do not', more: {}, given: { subresource: 'status' }, called: false },
    {
      name: 'a request in a namespace with the labels',
      more: { namespaceSelector: { matchLabels: { team: 'x' } } },
      called: true,
    },
    {
      name: 'a request in a namespace without them',
      more: { namespaceSelector: { matchLabels: { team: 'y' } } },
      called: false,
    },
    {
      name: 'an object that had the labels',
      more: { objectSelector: { matchLabels: { l: '1' } } },
      given: { operation: 'UPDATE', oldObject: { metadata: { labels: { l: '1' } } } },
      called: true,
    },
    { name: 'an object without them', more: { objectSelector: { matchLabels: { l: '1' } } }, called: false },
    {
      name: 'a request that its conditions would have to judge, where failures are ignored',
      more: { matchConditions: [{ name: 'c', expression: 'true' }], failurePolicy: 'Ignore' },
      called: false,
    },
    {
      name: 'a configuration of webhooks',
      more: { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
      given: { resource: validatingWebhookConfigurations, namespace: '' },
      called: false,
    },
  ];
  for (const { name, more, given, called } of choices)
    it(`${called ? 'asks' : 'does not ask'} about ${name}`, async () => {
      const calls: string[] = [];
      await validate(
        [validating(answering({ x: () => ({ allowed: true }) }, calls), hook('x', more))],
        asked(given),
      );
      expect(calls).toHaveLength(called ? 1 : 0);
    });
});

describe('MutatingAdmissionWebhook', () => {
  function mutating(webhooks: WebhookCaller, ...configurations: KubeObject[]): AdmissionPlugin {
    return mutatingWebhook({ lookup: lookupOf([namespace, ...configurations]), webhooks, forms });
  }

  it('lets each webhook see what those before it made, and calls again who wishes to see the end', async () => {
    const calls: string[] = [];
    const data = ({ request }: Review): Readonly<Record<string, string>> => request.object?.data ?? {};
    const caller = answering(
      {
        first: (review) =>
          patch({ op: 'add', path: '/data/first', value: String(Object.keys(data(review)).length) }),
        second: () => patch({ op: 'add', path: '/data/second', value: 'x' }),
      },
      calls,
    );
    const plugin = mutating(
      caller,
      configured(
        'MutatingWebhookConfiguration',
        'c',
        hook('first', { reinvocationPolicy: 'IfNeeded' }),
        hook('second'),
      ),
    );
    const made = (await mutate([plugin], asked())) as ConfigMap;
    expect(calls).toEqual(['first', 'second', 'first']);
    expect(made.data).toEqual({ a: '1', first: '3', second: 'x' });
  });

  const failures: { name: string; answer: object; want: string }[] = [
    {
      name: 'that does not apply',
      answer: patch({ op: 'remove', path: '/data/none' }),
      want: "Internal error occurred: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
    },
    {
      name: 'without its type',
      answer: { allowed: true, patch: 'W10=' },
      want: 'Internal error occurred: failed calling webhook "p.example.com": received invalid webhook response: webhook returned response.patch but not response.patchType',
    },
    {
      name: 'that ends too early',
      answer: { allowed: true, patchType: 'JSONPatch', patch: Buffer.from('[{').toString('base64') },
      want: 'Internal error occurred: failed calling webhook "p.example.com": received undecodable patch in webhook response: unexpected end of JSON input',
    },
  ];
  for (const { name, answer, want } of failures)
    it(`refuses a patch ${name}`, async () => {
      const plugin = mutating(
        answering({ p: () => answer }),
        configured('MutatingWebhookConfiguration', 'c', hook('p')),
      );
      await expect(mutate([plugin], asked())).rejects.toMatchObject({ code: 500, message: want });
    });
});
