import { isDeepStrictEqual } from 'node:util';
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../../openapi/generated/resources.ts';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../openapi/generated/types.ts';
import { type FieldError, duplicate, invalidValue, required } from '../../../openapi/machinery/status.ts';
import type { Strategy } from '../strategy.ts';
import { mutatingWebhookTable, validatingWebhookTable } from '../table/others.ts';
import { oneOf, texts } from '../validation/field-errors.ts';
import { dnsSubdomain } from '../validation/names.ts';
import { labelSelectorFaults } from '../validation/selectors.ts';

type Webhook = ValidatingWebhook | MutatingWebhook;

interface Configuration {
  readonly webhooks?: readonly Webhook[];
}

const knownVersions = ['v1', 'v1beta1'];
const operations = ['*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

export const mutatingWebhookConfigurationStrategy: Strategy<MutatingWebhookConfiguration> = {
  resource: mutatingWebhookConfigurations,
  allowUnconditionalUpdate: false,
  defaults: (object) =>
    object.webhooks === undefined
      ? object
      : {
          ...object,
          webhooks: object.webhooks.map((hook) => ({
            ...withDefaults(hook),
            reinvocationPolicy: hook.reinvocationPolicy ?? 'Never',
          })),
        },
  validate: webhookFaults,
  generationGrows: (object, old) => !isDeepStrictEqual(object.webhooks, old.webhooks),
  table: mutatingWebhookTable,
};

export const validatingWebhookConfigurationStrategy: Strategy<ValidatingWebhookConfiguration> = {
  resource: validatingWebhookConfigurations,
  allowUnconditionalUpdate: false,
  defaults: (object) =>
    object.webhooks === undefined ? object : { ...object, webhooks: object.webhooks.map(withDefaults) },
  validate: webhookFaults,
  generationGrows: (object, old) => !isDeepStrictEqual(object.webhooks, old.webhooks),
  table: validatingWebhookTable,
};

function withDefaults<T extends Webhook>(hook: T): T {
  const { rules, clientConfig } = hook;
  const service = clientConfig.service;
  return {
    ...hook,
    failurePolicy: hook.failurePolicy ?? 'Fail',
    matchPolicy: hook.matchPolicy ?? 'Equivalent',
    namespaceSelector: hook.namespaceSelector ?? {},
    objectSelector: hook.objectSelector ?? {},
    timeoutSeconds: hook.timeoutSeconds ?? 10,
    ...(rules === undefined ? {} : { rules: rules.map((rule) => ({ ...rule, scope: rule.scope ?? '*' })) }),
    ...(service === undefined
      ? {}
      : { clientConfig: { ...clientConfig, service: { ...service, port: service.port ?? 443 } } }),
  };
}

function webhookFaults({ webhooks = [] }: Configuration): FieldError[] {
  const names = new Set<string>();
  return webhooks.flatMap((hook, i) => {
    const path = `webhooks[${i}]`;
    const faults = [...nameFaults(`${path}.name`, hook.name), ...settingFaults(path, hook)];
    if (names.has(hook.name)) faults.push(duplicate(`${path}.name`, hook.name));
    names.add(hook.name);
    return faults;
  });
}

/** At least three words with dots: a webhook's name is one that its writer owns. */
function nameFaults(path: string, name: string): FieldError[] {
  if (name === '') return [required(path)];
  const faults = texts(path, name, dnsSubdomain);
  return faults.length === 0 && name.split('.').length < 3
    ? [invalidValue(path, name, 'should be a domain with at least three segments separated by dots')]
    : faults;
}

function settingFaults(path: string, hook: Webhook): FieldError[] {
  const { timeoutSeconds = 10 } = hook;
  const { sideEffects } = hook as { readonly sideEffects?: string };
  return [
    ...versionFaults(`${path}.admissionReviewVersions`, hook.admissionReviewVersions),
    ...(hook.rules ?? []).flatMap((rule, i) => ruleFaults(`${path}.rules[${i}]`, rule)),
    ...oneOf(`${path}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']),
    ...oneOf(`${path}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']),
    ...(sideEffects === undefined || sideEffects === ''
      ? [required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun')]
      : oneOf(`${path}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun'])),
    ...(timeoutSeconds < 1 || timeoutSeconds > 30
      ? [
          invalidValue(
            `${path}.timeoutSeconds`,
            timeoutSeconds,
            'the timeout value must be between 1 and 30 seconds',
          ),
        ]
      : []),
    ...labelSelectorFaults(`${path}.namespaceSelector`, hook.namespaceSelector),
    ...labelSelectorFaults(`${path}.objectSelector`, hook.objectSelector),
    ...clientFaults(`${path}.clientConfig`, hook.clientConfig),
  ];
}

function versionFaults(path: string, versions: readonly string[] | null | undefined): FieldError[] {
  const list = versions ?? [];
  if (list.length === 0) {
    return [required(path, `must specify one of ${knownVersions.join(', ')}`)];
  }
  return list.some((each) => knownVersions.includes(each))
    ? []
    : [invalidValue(path, list, `must include at least one of ${knownVersions.join(', ')}`)];
}

type Rule = NonNullable<Webhook['rules']>[number];

function ruleFaults(path: string, rule: Rule): FieldError[] {
  const faults: FieldError[] = [];
  for (const field of ['apiGroups', 'apiVersions', 'resources', 'operations'] as const) {
    const list = rule[field] ?? [];
    if (list.length === 0) faults.push(required(`${path}.${field}`));
    else if (list.length > 1 && list.includes('*') && field !== 'resources') {
      const text =
        "if '*' is present, must not specify other " +
        (field === 'apiGroups' ? 'API groups' : field === 'apiVersions' ? 'API versions' : 'operations');
      faults.push(invalidValue(`${path}.${field}`, list, text));
    }
  }
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    faults.push(...oneOf(`${path}.operations[${i}]`, operation, operations));
  }
  return [...faults, ...oneOf(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced'])];
}

type Client = Webhook['clientConfig'];

function clientFaults(path: string, { url, service }: Client): FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) {
    return url.startsWith('https://')
      ? []
      : [invalidValue(`${path}.url`, url, "'https' is the only allowed URL scheme")];
  }
  return (['name', 'namespace'] as const)
    .filter((field) => (service?.[field] ?? '') === '')
    .map((field) => required(`${path}.service.${field}`, `service ${field} is required`));
}
