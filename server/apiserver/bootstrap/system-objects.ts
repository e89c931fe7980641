import type { KubeObject } from '../../../openapi/machinery/object.ts';

/** Written out by hand here: the server's decoder checks it as it checks anybody's. */
type WrittenObject = KubeObject & Readonly<Record<string, unknown>>;

export interface SystemOptions {
  /** PEM of the CA that signs client certificates. */
  readonly clientCA: string;
  readonly clusterDNS: string;
  readonly kubernetesServiceIP: string;
  readonly serviceCIDR: string;
  /** Where the API server can be reached: what the `kubernetes` Service's endpoint says. */
  readonly advertiseAddress: string;
  readonly port: number;
}

/** Namespaces come first: all else stands in them. */
export const systemNamespaces: readonly KubeObject[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'default',
].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));

/** What every cluster has from its first start. */
export function systemObjects(options: SystemOptions): readonly KubeObject[] {
  return [...priorityClasses, ...serviceObjects(options), authenticationConfigMap(options.clientCA)];
}

const priorityClasses: readonly WrittenObject[] = [
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    preemptionPolicy: 'PreemptLowerPriority',
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    preemptionPolicy: 'PreemptLowerPriority',
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
];

/** The Services that every node answers for by itself: its own way to the API, and its own DNS. */
function serviceObjects(options: SystemOptions): readonly WrittenObject[] {
  const { clusterDNS, kubernetesServiceIP, advertiseAddress, port } = options;
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: [options.serviceCIDR] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        clusterIP: kubernetesServiceIP,
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kube-dns',
        namespace: 'kube-system',
        labels: {
          'k8s-app': 'kube-dns',
          'kubernetes.io/cluster-service': 'true',
          'kubernetes.io/name': 'CoreDNS',
        },
      },
      spec: {
        clusterIP: clusterDNS,
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
        ],
      },
    },
  ];
}

/** What extension API servers read to know whom to trust. */
function authenticationConfigMap(clientCA: string): WrittenObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: { 'client-ca-file': clientCA },
  };
}
