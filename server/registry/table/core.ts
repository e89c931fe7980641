import type {
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../../openapi/generated/types.ts';
import type { TableStrategy } from '../strategy.ts';
import { ageText } from './age.ts';
import { columns, table } from './columns.ts';
import {
  accessModesText,
  containerImages,
  containerNames,
  hostPort,
  labelsText,
  loadBalancerText,
  orNone,
  shortened,
} from './texts.ts';

export const serviceTable = table<Service>(
  'Name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector!',
  ({ spec, status }, age) => {
    const clusterIP = orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP);
    const loadBalancer = loadBalancerText(status?.loadBalancer);
    return [
      spec?.type ?? '',
      clusterIP,
      externalAddress(spec, loadBalancer),
      orNone(spec?.ports?.map(portText).join(',')),
      age,
      labelsText(spec?.selector),
    ];
  },
);

function externalAddress(spec: Service['spec'], loadBalancer: string): string {
  const ips = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return orNone(spec.externalName);
  if (spec?.type !== 'LoadBalancer') return orNone(ips.join(','));
  const all = [...(loadBalancer === '' ? [] : [loadBalancer]), ...ips];
  return all.length === 0 ? '<pending>' : all.join(',');
}

function portText(port: {
  readonly port: number;
  readonly nodePort?: number;
  readonly protocol?: string;
}): string {
  const node = (port.nodePort ?? 0) > 0 ? `:${port.nodePort ?? 0}` : '';
  return `${port.port}${node}/${port.protocol ?? ''}`;
}

export const endpointsTable = table<Endpoints>('Name | Endpoints | Age', ({ subsets = [] }, age) => {
  const all = subsets.flatMap(({ ports = [], addresses = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
  return [orNone(shortened(all, 3)), age];
});

export const nodeTable = table<Node>(
  'Name | Status | Roles | Age | Version | Internal-IP! | External-IP! | OS-Image! | Kernel-Version! | Container-Runtime!',
  ({ metadata, spec, status }, age) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
    const info = status?.nodeInfo;
    const address = (type: string): string =>
      orNone(status?.addresses?.find((each) => each.type === type)?.address);
    const arch = info?.architecture ?? '';
    return [
      spec?.unschedulable === true ? `${state},SchedulingDisabled` : state,
      orNone(nodeRoles(metadata?.labels ?? {}).join(',')),
      age,
      info?.kubeletVersion ?? '',
      address('InternalIP'),
      address('ExternalIP'),
      orUnknown(info?.osImage),
      orUnknown(info?.kernelVersion) + (arch === '' ? '' : ` (${arch})`),
      orUnknown(info?.containerRuntimeVersion),
    ];
  },
);

function nodeRoles(labels: Readonly<Record<string, string>>): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels)) {
    const role = key.startsWith('node-role.kubernetes.io/')
      ? key.slice(24)
      : key === 'kubernetes.io/role'
        ? value
        : '';
    if (role !== '') roles.add(role);
  }
  return [...roles].sort();
}

function orUnknown(text: string | undefined): string {
  return text === undefined || text === '' ? '<unknown>' : text;
}

export const eventTable: TableStrategy<Event> = {
  columns: columns(
    'Last Seen | Type | Reason | Object | Subobject! | Source! | Message | First Seen! | Count! | Name!',
  ).map((column) => (column.name === 'Name' ? { ...column, format: 'name' } : column)),
  row(event, now) {
    const first = ageText(event.firstTimestamp ?? event.eventTime, now);
    const last = ageText(event.series?.lastObservedTime ?? event.lastTimestamp, now);
    const { kind = '', name = '', fieldPath = '' } = event.involvedObject;
    return {
      cells: [
        event.series === undefined && (event.lastTimestamp ?? '') === '' ? first : last,
        event.type ?? '',
        event.reason ?? '',
        name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
        fieldPath,
        sourceText(event),
        (event.message ?? '').trim(),
        first,
        event.series?.count ?? (event.count === undefined || event.count === 0 ? 1 : event.count),
        event.metadata.name ?? '',
      ],
    };
  },
};

function sourceText({ source, reportingComponent = '', reportingInstance = '' }: Event): string {
  const component = source?.component ?? '';
  const [who, where] =
    component === '' ? [reportingComponent, reportingInstance] : [component, source?.host ?? ''];
  return where === '' ? who : `${who}, ${where}`;
}

export const namespaceTable = table<Namespace>('Name | Status | Age', ({ status }, age) => [
  status?.phase ?? '',
  age,
]);

export const secretTable = table<Secret>('Name | Type | Data | Age', ({ type = '', data = {} }, age) => [
  type,
  Object.keys(data).length,
  age,
]);

export const serviceAccountTable = table<ServiceAccount>('Name | Age', (_, age) => [age]);

export const configMapTable = table<ConfigMap>('Name | Data | Age', ({ data = {}, binaryData = {} }, age) => [
  Object.keys(data).length + Object.keys(binaryData).length,
  age,
]);

function phaseText(metadata: PersistentVolume['metadata'], phase = ''): string {
  return metadata?.deletionTimestamp === undefined ? phase : 'Terminating';
}

/** The annotation is how classes were named before 1.6. */
function classText(metadata: PersistentVolume['metadata'], name = ''): string {
  return metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? name;
}

export const persistentVolumeTable = table<PersistentVolume>(
  'Name | Capacity | Access Modes | Reclaim Policy | Status | Claim | StorageClass | VolumeAttributesClass | Reason | Age | VolumeMode!',
  ({ metadata, spec, status }, age) => {
    const claim = spec?.claimRef;
    return [
      spec?.capacity?.['storage'] ?? '',
      accessModesText(spec?.accessModes),
      spec?.persistentVolumeReclaimPolicy ?? '',
      phaseText(metadata, status?.phase),
      claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`,
      classText(metadata, spec?.storageClassName),
      spec?.volumeAttributesClassName ?? '<unset>',
      status?.reason ?? '',
      age,
      spec?.volumeMode ?? '<unset>',
    ];
  },
);

export const persistentVolumeClaimTable = table<PersistentVolumeClaim>(
  'Name | Status | Volume | Capacity | Access Modes | StorageClass | VolumeAttributesClass | Age | VolumeMode!',
  ({ metadata, spec, status }, age) => {
    const bound = (spec?.volumeName ?? '') !== '';
    return [
      phaseText(metadata, status?.phase),
      spec?.volumeName ?? '',
      bound ? (status?.capacity?.['storage'] ?? '0') : '',
      bound ? accessModesText(status?.accessModes) : '',
      classText(metadata, spec?.storageClassName),
      spec?.volumeAttributesClassName ?? '<unset>',
      age,
      spec?.volumeMode ?? '<unset>',
    ];
  },
);

export const podTemplateTable = table<PodTemplate>(
  'Name | Containers | Images | Pod Labels',
  ({ template }) => [
    containerNames(template?.spec?.containers),
    containerImages(template?.spec?.containers),
    labelsText(template?.metadata?.labels),
  ],
);

export const replicationControllerTable = table<ReplicationController>(
  'Name | Desired:integer | Current:integer | Ready:integer | Age | Containers! | Images! | Selector!',
  ({ spec, status }, age) => [
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age,
    containerNames(spec?.template?.spec?.containers),
    containerImages(spec?.template?.spec?.containers),
    labelsText(spec?.selector),
  ],
);

export const resourceQuotaTable = table<ResourceQuota>('Name | Request | Limit | Age', ({ status }, age) => {
  const hard = Object.entries(status?.hard ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = (entries: typeof hard): string =>
    entries.map(([name, limit]) => `${name}: ${status?.used?.[name] ?? '0'}/${limit}`).join(', ');
  return [
    text(hard.filter(([name]) => !name.startsWith('limits'))),
    text(hard.filter(([name]) => name.startsWith('limits'))),
    age,
  ];
});

export const componentStatusTable = table<ComponentStatus>(
  'Name | Status | Message | Error',
  ({ conditions = [] }) => {
    const healthy = conditions.find(({ type }) => type === 'Healthy');
    const status = healthy?.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [healthy === undefined ? 'Unknown' : status, healthy?.message ?? '', healthy?.error ?? ''];
  },
);
