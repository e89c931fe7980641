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
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

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
  warnings: webhookWarnings,
  generationGrows: (object, old) => !isDeepStrictEqual(object.webhooks, old.webhooks),
  table: mutatingWebhookTable,
};

export const validatingWebhookConfigurationStrategy: Strategy<ValidatingWebhookConfiguration> = {
  resource: validatingWebhookConfigurations,
  allowUnconditionalUpdate: false,
  defaults: (object) =>
    object.webhooks === undefined ? object : { ...object, webhooks: object.webhooks.map(withDefaults) },
  validate: webhookFaults,
  warnings: webhookWarnings,
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
  const { sideEffects } = hook as { readonly sideEffects?: string | null };
  return [
    ...versionFaults(`${path}.admissionReviewVersions`, hook.admissionReviewVersions),
    ...(hook.rules ?? []).flatMap((rule, i) => ruleFaults(`${path}.rules[${i}]`, rule)),
    ...oneOf(`${path}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']),
    ...oneOf(`${path}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']),
    ...((sideEffects ?? '') === ''
      ? [required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun')]
      : oneOf(`${path}.sideEffects`, sideEffects ?? '', ['None', 'NoneOnDryRun'])),
    ...(timeoutSeconds < 1 || timeoutSeconds > 30
      ? [
          invalidValue(
            `${path}.timeoutSeconds`,
            timeoutSeconds,
            'the timeout value must be between 1 and 30 seconds',
          ),
        ]
      : []),
    ...('reinvocationPolicy' in hook
      ? oneOf(`${path}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never'])
      : []),
    ...conditionFaults(`${path}.matchConditions`, hook.matchConditions ?? []),
    ...labelSelectorFaults(`${path}.namespaceSelector`, hook.namespaceSelector),
    ...labelSelectorFaults(`${path}.objectSelector`, hook.objectSelector),
    ...clientFaults(`${path}.clientConfig`, hook.clientConfig),
  ];
}

function conditionFaults(path: string, conditions: NonNullable<Webhook['matchConditions']>): FieldError[] {
  const names = conditions.map(({ name }) => name);
  return conditions.flatMap(({ name, expression }, i) => [
    ...(expression.trim() === '' ? [required(`${path}[${i}].expression`)] : []),
    ...(name === '' ? [required(`${path}[${i}].name`)] : []),
    ...(name !== '' && names.indexOf(name) < i ? [duplicate(`${path}[${i}].name`, name)] : []),
  ]);
}

/** What is stored, but has no effect yet. */
function webhookWarnings({ webhooks = [] }: Configuration): string[] {
  return webhooks.flatMap(({ matchConditions = [] }, i) =>
    matchConditions.length === 0
      ? []
      : [
          `webhooks[${i}].matchConditions: conditions are not evaluated here; they count as failed, by the failurePolicy`,
        ],
  );
}

function versionFaults(path: string, versions: readonly string[] | null | undefined): FieldError[] {
  const list = versions ?? [];
  if (list.length === 0) {
    return [required(path, `must specify one of ${knownVersions.join(', ')}`)];
  }
  const repeated = list.flatMap((each, i) =>
    list.indexOf(each) < i ? [invalidValue(`${path}[${i}]`, each, 'duplicate version')] : [],
  );
  return list.some((each) => knownVersions.includes(each))
    ? repeated
    : [...repeated, invalidValue(path, list, `must include at least one of ${knownVersions.join(', ')}`)];
}

type Rule = NonNullable<Webhook['rules']>[number];

function ruleFaults(path: string, rule: Rule): FieldError[] {
  const { operations: asked = [], resources = [] } = rule;
  return [
    ...listFaults(`${path}.operations`, asked, 'operations'),
    ...asked.flatMap((operation, i) => oneOf(`${path}.operations[${i}]`, operation, operations)),
    ...listFaults(`${path}.apiGroups`, rule.apiGroups ?? [], 'API groups'),
    ...listFaults(`${path}.apiVersions`, rule.apiVersions ?? [], 'API versions'),
    ...(rule.apiVersions ?? []).flatMap((version, i) =>
      version === '' ? [required(`${path}.apiVersions[${i}]`)] : [],
    ),
    ...resourceFaults(`${path}.resources`, resources),
    ...oneOf(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']),
  ];
}

function listFaults(path: string, list: readonly string[], others: string): FieldError[] {
  if (list.length === 0) return [required(path)];
  if (list.length === 1 || !list.includes('*')) return [];
  return [invalidValue(path, list, `if '*' is present, must not specify other ${others}`)];
}

/** What a wildcard covers already must not be named beside it. */
function resourceFaults(path: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const covering = new Set<string>();
  const faults = resources.flatMap((each, i) => {
    if (each === '') return [required(`${path}[${i}]`)];
    const [resource = '', subresource] = each.split('/');
    if (subresource === undefined) return [];
    const covered = [`${resource}/*`, `*/${subresource}`].filter((wildcard) => covering.has(wildcard));
    if (resource === '*' || subresource === '*') covering.add(each);
    return covered.map((wildcard) =>
      invalidValue(`${path}[${i}]`, each, `if '${wildcard}' is present, must not specify ${each}`),
    );
  });
  if (resources.length > 1 && resources.includes('*/*'))
    faults.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && resources.some((each) => each !== '*' && !each.includes('/'))) {
    const text = "if '*' is present, must not specify other resources without subresources";
    faults.push(invalidValue(path, resources, text));
  }
  return faults;
}

type Client = Webhook['clientConfig'];

function clientFaults(path: string, { url, service }: Client): FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return urlFaults(`${path}.url`, url);
  return service === undefined ? [] : serviceFaults(`${path}.service`, service);
}

/** `https://host[/path]`, and nothing else that a URL may have. */
function urlFaults(path: string, text: string): FieldError[] {
  const form = '; desired format: https://host[/path]';
  const [, scheme = '', rest = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  const [, beforeFragment = '', fragment = ''] = /^([^#]*)#?(.*)$/s.exec(rest) ?? [];
  const [, beforeQuery = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(beforeFragment) ?? [];
  const authority = /^\/\/([^/]*)/.exec(beforeQuery)?.[1] ?? '';
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const faults: FieldError[] = [];
  if (scheme.toLowerCase() !== 'https')
    faults.push(invalidValue(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`));
  if (host === '') faults.push(invalidValue(path, '', `host must be specified${form}`));
  if (at !== -1)
    faults.push(invalidValue(path, authority.slice(0, at), 'user information is not permitted in the URL'));
  if (fragment !== '') faults.push(invalidValue(path, fragment, 'fragments are not permitted in the URL'));
  if (query !== '') faults.push(invalidValue(path, query, 'query parameters are not permitted in the URL'));
  return faults;
}

function serviceFaults(path: string, service: NonNullable<Client['service']>): FieldError[] {
  const { name, namespace, port = 443 } = service as Partial<typeof service>;
  const faults: FieldError[] = [];
  // Kubernetes tells the one for the other: ValidateWebhookService gets its arguments in the wrong order.
  if ((namespace ?? '') === '') faults.push(required(`${path}.name`));
  if ((name ?? '') === '') faults.push(required(`${path}.namespace`));
  if (port < 1 || port > 65_535)
    faults.push(
      invalidValue(`${path}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
    );
  return [...faults, ...pathFaults(`${path}.path`, service.path ?? '')];
}

/** Segments are words as in names of domains. */
function pathFaults(path: string, text: string): FieldError[] {
  if (text === '' || text === '/') return [];
  const faults = text.startsWith('/') ? [] : [invalidValue(path, text, "must start with a '/'")];
  const segments = text === '//' ? [''] : text.slice(1).replace(/\/$/, '').split('/');
  return [
    ...faults,
    ...segments.flatMap((segment, i) =>
      segment === ''
        ? [invalidValue(path, text, `segment[${i}] may not be empty`)]
        : dnsSubdomain(segment).map((fault) => invalidValue(path, text, `segment[${i}]: ${fault}`)),
    ),
  ];
}
