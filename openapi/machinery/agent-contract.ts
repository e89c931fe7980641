/** What the server pushes to the host as /var/lib/flotilla/agent/config.json (0600), and the agent reads once at its start. */
export interface AgentConfig {
  readonly nodeName: string;
  /** Ties containers, chains and files to one cluster. */
  readonly clusterId: string;
  /** The node's InternalIP; empty: the source address of the default route. */
  readonly nodeIP: string;
  /** Pods of all nodes. */
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** The ClusterIP of kube-system/kube-dns. */
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  readonly runtime: 'docker' | 'containerd';
  /** TLS name of the API server behind the tunnel, and PEM texts: the cluster CA, this node's certificate and key. */
  readonly api: {
    readonly serverName: string;
    readonly ca: string;
    readonly certificate: string;
    readonly key: string;
  };
  /** Labels and taints from the Host, put on the Node at registration. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

/** Where everything of the agent stands on a host. */
export const paths = {
  state: '/var/lib/flotilla',
  agent: '/var/lib/flotilla/agent',
  config: '/var/lib/flotilla/agent/config.json',
  bundle: '/var/lib/flotilla/agent/agent.cjs',
  node: '/var/lib/flotilla/node/bin/node',
  pods: '/var/lib/flotilla/pods',
  run: '/run/flotilla',
  /** sshd listens here on behalf of the server; the agent speaks the Kubernetes API through it. */
  apiSocket: '/run/flotilla/apiserver.sock',
  /** The agent listens here; the server reaches its kubelet API through it. */
  agentSocket: '/run/flotilla/agent.sock',
  unit: '/etc/systemd/system/flotilla-agent.service',
} as const;
