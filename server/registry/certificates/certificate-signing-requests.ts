import { certificateSigningRequests } from '../../../openapi/generated/resources.ts';
import type { CertificateSigningRequest } from '../../../openapi/generated/types.ts';
import { timeText } from '../../../openapi/machinery/clock.ts';
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../openapi/machinery/status.ts';
import type { Strategy, SyncContext } from '../strategy.ts';
import { certificateSigningRequestTable } from '../table/others.ts';
import { notSupported, oneOf, texts } from '../validation/field-errors.ts';
import { dnsSubdomain } from '../validation/names.ts';

type Request = CertificateSigningRequest;
type Conditions = NonNullable<NonNullable<Request['status']>['conditions']>;

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const decisions = ['Approved', 'Denied'];

export const certificateSigningRequestStrategy: Strategy<Request> = {
  resource: certificateSigningRequests,
  resetFields: {
    '': [['spec'], ['status']],
    status: [['spec'], ['status', 'conditions']],
    approval: [['spec'], ['status', 'certificate']],
  },
  prepareForCreate: (request, { user }) => ({
    ...request,
    spec: {
      ...request.spec,
      username: user.name,
      ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
  }),
  // Who asked for what stands as it was: a change of the spec is not refused, it is left out.
  prepareForUpdate: (request, old) => ({ ...request, spec: old.spec }),
  validate: (request) => specFaults(request),
  validateUpdate: () => [],
  fields: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
  selectableFields: ['spec.signerName'],
  table: certificateSigningRequestTable,
  subresources: {
    approval: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (request, old, context) => ({
        ...request,
        spec: old.spec,
        status: {
          ...old.status,
          ...withTimes(request.status?.conditions, old.status?.conditions ?? [], context),
        },
      }),
      validateUpdate: (request, old) => [
        ...conditionFaults(request),
        ...keptFaults(request, old, [...decisions, 'Failed']),
      ],
    },
    status: {
      form: 'part',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: (request, old, context) => {
        const conditions = withOldDecisions(request.status?.conditions ?? [], old.status?.conditions ?? []);
        return {
          ...request,
          spec: old.spec,
          status: { ...request.status, ...withTimes(conditions, old.status?.conditions ?? [], context) },
        };
      },
      validateUpdate: (request, old) => [
        ...conditionFaults(request),
        ...keptFaults(request, old, ['Approved', 'Denied', 'Failed']),
        ...addedFaults(request, old),
        ...certificateFaults(request, old),
      ],
    },
  },
};

/** A decision that is sent again stands as it was; one that is new, or left out, is refused later. */
function withOldDecisions(conditions: Conditions, old: Conditions): Conditions {
  return conditions.map((condition) => {
    const before = old.find(({ type }) => type === condition.type);
    return before !== undefined && decisions.includes(condition.type) ? before : condition;
  });
}

function addedFaults({ status }: Request, old: Request): FieldError[] {
  const known = (old.status?.conditions ?? []).map(({ type }) => type);
  return (status?.conditions ?? [])
    .filter(({ type }) => decisions.includes(type) && !known.includes(type))
    .map(({ type }) =>
      forbiddenField('status.conditions', `updates may not add a condition of type "${type}"`),
    );
}

/** Times are the server's where the writer states none: when a condition came, and when it turned. */
function withTimes(
  conditions: Conditions | undefined,
  old: Conditions,
  context: SyncContext,
): { readonly conditions?: Conditions } {
  if (conditions === undefined || conditions.length === 0) return {};
  const now = timeText(context.now);
  return {
    conditions: conditions.map((condition) => {
      const before = old.find(({ type, status }) => type === condition.type && status === condition.status);
      return {
        ...condition,
        lastUpdateTime: condition.lastUpdateTime ?? now,
        lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? now,
      };
    }),
  };
}

function specFaults({ spec }: Request): FieldError[] {
  const faults: FieldError[] = [];
  const problem = requestProblem(spec.request);
  if (problem !== undefined) faults.push(invalidValue('spec.request', spec.request, problem));
  const asked = spec.usages ?? [];
  if (asked.length === 0) faults.push(required('spec.usages'));
  for (const [i, usage] of asked.entries()) {
    if (!usages.includes(usage)) faults.push(notSupported(`spec.usages[${i}]`, usage, usages));
  }
  for (const [i, usage] of asked.entries()) {
    if (asked.indexOf(usage) < i) faults.push(duplicate(`spec.usages[${i}]`, usage));
  }
  faults.push(...signerFaults(spec.signerName));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600) {
    const text = 'may not specify a duration less than 600 seconds (10 minutes)';
    faults.push(invalidValue('spec.expirationSeconds', spec.expirationSeconds, text));
  }
  return faults;
}

function requestProblem(request: string | null): string | undefined {
  const text = Buffer.from(request ?? '', 'base64').toString('latin1');
  return /-----BEGIN CERTIFICATE REQUEST-----\s+[A-Za-z0-9+/=\s]+-----END CERTIFICATE REQUEST-----/.test(text)
    ? undefined
    : 'PEM block type must be CERTIFICATE REQUEST';
}

/** "domain/path": who shall sign. */
function signerFaults(signer: string): FieldError[] {
  const path = 'spec.signerName';
  if (signer === '') return [required(path)];
  if (signer === 'kubernetes.io/legacy-unknown') {
    return [invalidValue(path, signer, 'the legacy signerName is not allowed via this API version')];
  }
  const parts = signer.split('/');
  if (parts.length !== 2)
    return [
      invalidValue(
        path,
        signer,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ];
  const [domain = '', name = ''] = parts;
  const faults = texts(path, domain, dnsSubdomain);
  if (domain.split('.').length < 2) {
    faults.push(
      invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'),
    );
  }
  return [...faults, ...name.split('.').flatMap((part) => texts(path, part, dnsSubdomain))];
}

function conditionFaults({ status }: Request): FieldError[] {
  const path = 'status.conditions';
  const conditions = status?.conditions ?? [];
  const seen = new Set<string>();
  return conditions.flatMap(({ type, status: value }, i) => {
    const faults: FieldError[] = [];
    if (type === '') faults.push(required(`${path}[${i}].type`));
    if (value === '') faults.push(required(`${path}[${i}].status`));
    else {
      const allowed = [...decisions, 'Failed'].includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
      faults.push(...oneOf(`${path}[${i}].status`, value, allowed));
    }
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (other !== undefined && seen.has(other)) {
      const text = 'Approved and Denied conditions are mutually exclusive';
      faults.push(invalidValue(path, type, text));
    }
    if (seen.has(type)) faults.push(duplicate(`${path}[${i}].type`, type));
    seen.add(type);
    return faults;
  });
}

function keptFaults({ status }: Request, old: Request, types: readonly string[]): FieldError[] {
  const count = (conditions: Conditions | undefined, type: string): number =>
    (conditions ?? []).filter((each) => each.type === type).length;
  return types
    .filter((type) => count(status?.conditions, type) < count(old.status?.conditions, type))
    .map((type) =>
      forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`),
    );
}

function certificateFaults({ status }: Request, old: Request): FieldError[] {
  const before = old.status?.certificate ?? '';
  if (before === '' || before === (status?.certificate ?? '')) return [];
  return [forbiddenField('status.certificate', 'updates may not modify existing certificate content')];
}
