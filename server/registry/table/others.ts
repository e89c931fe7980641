import type {
  APIService,
  CSIDriver,
  CSINode,
  CertificateSigningRequest,
  ClusterRoleBinding,
  EndpointSlice,
  FlowSchema,
  Host,
  IPAddress,
  Ingress,
  IngressClass,
  LabelSelector,
  Lease,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  NetworkPolicy,
  PriorityClass,
  PriorityLevelConfiguration,
  ResourceResourceClaim,
  ResourceSlice,
  RoleBinding,
  RuntimeClass,
  ServiceCIDR,
  StorageClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../../openapi/generated/types.ts';
import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { TableStrategy } from '../strategy.ts';
import { durationText } from './age.ts';
import { table } from './columns.ts';
import { loadBalancerText, orNone, selectorText, shortened } from './texts.ts';

export const ingressTable = table<Ingress>(
  'Name | Class | Hosts | Address | Ports | Age',
  ({ spec, status }, age) => {
    const hosts = (spec?.rules ?? []).map(({ host = '' }) => host).filter((host) => host !== '');
    return [
      spec?.ingressClassName ?? '<none>',
      hosts.length === 0 ? '*' : shortened(hosts, 3),
      loadBalancerText(status?.loadBalancer),
      (spec?.tls ?? []).length === 0 ? '80' : '80, 443',
      age,
    ];
  },
);

export const ingressClassTable = table<IngressClass>(
  'Name | Controller | Parameters | Age',
  ({ spec }, age) => {
    const parameters = spec?.parameters;
    const group = parameters?.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
    return [
      spec?.controller ?? '',
      parameters === undefined ? '<none>' : `${parameters.kind}${group}/${parameters.name}`,
      age,
    ];
  },
);

export const networkPolicyTable = table<NetworkPolicy>('Name | Pod-Selector | Age', ({ spec }, age) => [
  selectorText(spec?.podSelector),
  age,
]);

export const serviceCIDRTable = table<ServiceCIDR>('Name | CIDRs | Age', ({ spec }, age) => [
  (spec?.cidrs ?? []).join(','),
  age,
]);

/** Three cells under two columns: as kube-apiserver answers. */
export const ipAddressTable = table<IPAddress>('Name | ParentRef', ({ spec }, age) => {
  const parent: { group?: string; resource?: string; namespace?: string; name?: string } =
    (spec as IPAddress['spec'] | undefined)?.parentRef ?? {};
  const { group = '', resource = '', namespace = '', name = '' } = parent;
  const path = [group === '' ? resource : `${resource}.${group}`, namespace, name];
  return [path.filter((part) => part !== '').join('/'), age];
});

export const endpointSliceTable = table<EndpointSlice>(
  'Name | AddressType | Ports | Endpoints | Age',
  ({ addressType, ports, endpoints }, age) => {
    const numbers = (ports ?? []).map(({ name, port }) => String(port ?? name ?? '*'));
    const addresses = (endpoints ?? []).flatMap(
      (endpoint) => (endpoint.addresses as readonly string[] | null) ?? [],
    );
    return [
      addressType,
      numbers.join('') === '' ? '<unset>' : shortened(numbers, 3),
      addresses.length === 0 ? '<unset>' : shortened(addresses, 3),
      age,
    ];
  },
);

export const leaseTable = table<Lease>('Name | Holder | Age', ({ spec }, age) => [
  spec?.holderIdentity ?? '',
  age,
]);

type Binding = RoleBinding | ClusterRoleBinding;

function bindingTable<T extends Binding>(): TableStrategy<T> {
  return table<T>('Name | Role | Age | Users! | Groups! | ServiceAccounts!', (binding, age) => {
    const subjects = binding.subjects ?? [];
    const names = (kind: string): string =>
      subjects
        .filter((subject) => subject.kind === kind)
        .map(({ name, namespace = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
        .join(', ');
    return [
      `${binding.roleRef.kind}/${binding.roleRef.name}`,
      age,
      names('User'),
      names('Group'),
      names('ServiceAccount'),
    ];
  });
}
export const roleBindingTable = bindingTable<RoleBinding>();
export const clusterRoleBindingTable = bindingTable<ClusterRoleBinding>();

const defaultClass = 'storageclass.kubernetes.io/is-default-class';

export const storageClassTable: TableStrategy<StorageClass> = withDefaultMark(
  table<StorageClass>(
    'Name | Provisioner | ReclaimPolicy | VolumeBindingMode | AllowVolumeExpansion | Age',
    (object, age) => [
      object.provisioner,
      object.reclaimPolicy ?? 'Delete',
      object.volumeBindingMode ?? '<unset>',
      object.allowVolumeExpansion ?? false,
      age,
    ],
  ),
);

function withDefaultMark<T extends KubeObject>(base: TableStrategy<T>): TableStrategy<T> {
  return {
    columns: base.columns,
    row(object, now) {
      const [name = '', ...cells] = base.row(object, now).cells;
      const annotations = object.metadata?.annotations ?? {};
      const marked =
        annotations[defaultClass] === 'true' ||
        annotations['storageclass.beta.kubernetes.io/is-default-class'] === 'true';
      return { cells: [marked ? `${String(name)} (default)` : name, ...cells] };
    },
  };
}

export const csiDriverTable = table<CSIDriver>(
  'Name | AttachRequired:boolean | PodInfoOnMount:boolean | StorageCapacity:boolean | TokenRequests | RequiresRepublish:boolean | Modes | Age',
  ({ spec }, age) => {
    const audiences = (spec.tokenRequests ?? []).map(({ audience }) => audience);
    return [
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      audiences.length === 0 ? '<unset>' : audiences.join(','),
      spec.requiresRepublish ?? false,
      orNone((spec.volumeLifecycleModes ?? []).join(',')),
      age,
    ];
  },
);

export const csiNodeTable = table<CSINode>('Name | Drivers:integer | Age', ({ spec }, age) => [
  (spec.drivers as readonly unknown[] | null)?.length ?? 0,
  age,
]);

export const volumeAttachmentTable = table<VolumeAttachment>(
  'Name | Attacher | PV | Node | Attached:boolean | Age',
  ({ spec, status }, age) => [
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status?.attached ?? false,
    age,
  ],
);

export const volumeAttributesClassTable = table<VolumeAttributesClass>(
  'Name | DriverName | Age',
  ({ driverName }, age) => [driverName, age],
);

export const priorityClassTable = table<PriorityClass>(
  'Name | Value:integer | Global-Default:boolean | Age | PreemptionPolicy',
  ({ value, globalDefault, preemptionPolicy }, age) => [
    value ?? 0,
    globalDefault ?? false,
    age,
    preemptionPolicy ?? '<unset>',
  ],
);

export const runtimeClassTable = table<RuntimeClass>('Name | Handler | Age', ({ handler }, age) => [
  handler,
  age,
]);

export const mutatingWebhookTable = table<MutatingWebhookConfiguration>(
  'Name | Webhooks:integer | Age',
  ({ webhooks = [] }, age) => [webhooks.length, age],
);
export const validatingWebhookTable = table<ValidatingWebhookConfiguration>(
  'Name | Webhooks:integer | Age',
  ({ webhooks = [] }, age) => [webhooks.length, age],
);

function paramKindText(kind: { readonly apiVersion?: string; readonly kind?: string } | undefined): string {
  if (kind === undefined) return '<unset>';
  return `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`;
}
export const validatingAdmissionPolicyTable = table<ValidatingAdmissionPolicy>(
  'Name | Validations:integer | ParamKind | Age',
  ({ spec }, age) => [spec?.validations?.length ?? 0, paramKindText(spec?.paramKind), age],
);
export const mutatingAdmissionPolicyTable = table<MutatingAdmissionPolicy>(
  'Name | Mutations:integer | ParamKind | Age',
  ({ spec }, age) => [spec?.mutations?.length ?? 0, paramKindText(spec?.paramKind), age],
);

interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
}

function paramRefText(ref: ParamRef | undefined): string {
  if (ref === undefined) return '<unset>';
  if ((ref.name ?? '') !== '')
    return `${(ref.namespace ?? '') === '' ? '*' : (ref.namespace ?? '')}/${ref.name ?? ''}`;
  return ref.selector === undefined ? '<unset>' : goSelectorText(ref.selector);
}

/** A selector as Go prints the struct; the column has always held that. */
function goSelectorText(selector: LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
export const validatingAdmissionPolicyBindingTable = table<ValidatingAdmissionPolicyBinding>(
  'Name | PolicyName | ParamRef | Age',
  ({ spec }, age) => [spec.policyName, paramRefText(spec.paramRef), age],
);
export const mutatingAdmissionPolicyBindingTable = table<MutatingAdmissionPolicyBinding>(
  'Name | PolicyName | ParamRef | Age',
  ({ spec }, age) => [spec?.policyName ?? '', paramRefText(spec?.paramRef), age],
);

export const flowSchemaTable = table<FlowSchema>(
  'Name | PriorityLevel | MatchingPrecedence | DistinguisherMethod | Age | MissingPL',
  ({ spec, status }, age) => [
    spec?.priorityLevelConfiguration.name ?? '',
    spec?.matchingPrecedence ?? 0,
    spec?.distinguisherMethod?.type ?? '<none>',
    age,
    status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
);

export const priorityLevelTable = table<PriorityLevelConfiguration>(
  'Name | Type | NominalConcurrencyShares | Queues | HandSize | QueueLengthLimit | Age',
  ({ spec }, age) => {
    const queuing = spec?.limited?.limitResponse?.queuing;
    return [
      spec?.type ?? '',
      spec?.limited === undefined ? '<none>' : (spec.limited.nominalConcurrencyShares ?? 0),
      queuing?.queues ?? '<none>',
      queuing?.handSize ?? '<none>',
      queuing?.queueLengthLimit ?? '<none>',
      age,
    ];
  },
);

export const ageTable = table('Name | Age', (_, age) => [age]);

export const resourceClaimTable = table<ResourceResourceClaim>(
  'Name | State | Age',
  ({ metadata, status }, age) => {
    const deleted = metadata?.deletionTimestamp !== undefined;
    const states = [
      ...(deleted ? ['deleted'] : []),
      ...(status?.allocation === undefined ? (deleted ? [] : ['pending']) : ['allocated']),
      ...(status?.allocation === undefined || (status.reservedFor ?? []).length === 0 ? [] : ['reserved']),
    ];
    return [states.join(','), age];
  },
);

export const resourceSliceTable = table<ResourceSlice>(
  'Name | Node | Driver | Pool | Age',
  ({ spec }, age) => [spec.nodeName ?? '', spec.driver, spec.pool.name, age],
);

export const certificateSigningRequestTable = table<CertificateSigningRequest>(
  'Name | Age | SignerName | Requestor | RequestedDuration | Condition',
  ({ spec, status }, age) => {
    const seconds = spec.expirationSeconds;
    return [
      age,
      spec.signerName,
      spec.username ?? '',
      seconds === undefined ? '<none>' : durationText(seconds * 1000),
      requestState(status),
    ];
  },
);

function requestState(status: CertificateSigningRequest['status']): string {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const decision = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return `${decision}${failed}${(status?.certificate ?? '') === '' ? '' : ',Issued'}`;
}

export const apiServiceTable = table<APIService>(
  'Name | Service | Available | Age',
  ({ spec, status }, age) => {
    const service = spec?.service;
    const available = status?.conditions?.find(({ type }) => type === 'Available');
    const reason = available?.reason ?? '';
    const state = available?.status ?? 'Unknown';
    return [
      service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`,
      state !== 'True' && reason !== '' ? `${state} (${reason})` : state,
      age,
    ];
  },
);

export const hostTable = table<Host>('Name | Phase | Address | Node | Age', ({ spec, status }, age) => [
  status?.phase ?? '',
  status?.address ?? spec.ssh.host,
  status?.nodeName ?? '',
  age,
]);
