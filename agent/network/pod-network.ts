export interface PodNetworkConfig {
  /** This node's range; addresses for its pods come out of it. "10.244.1.0/24" */
  readonly podCIDR: string;
  /** All pods of the cluster: traffic inside is not masqueraded. */
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** The other nodes: where their pods live. */
  readonly peers: readonly {
    readonly nodeName: string;
    readonly address: string;
    readonly podCIDR: string;
  }[];
}

export interface PodAddress {
  readonly ip: string;
  readonly gateway: string;
}

/** The network of pods on this node: a bridge, a veth per pod, routes to the other nodes. Every call may be repeated. */
export interface PodNetwork {
  /** Brings bridge, routes, sysctls and masquerading to `config`. */
  configure(config: PodNetworkConfig, signal: AbortSignal): Promise<void>;
  /** The bridge's address (pods' gateway, where the DNS and the API relay listen); undefined before configure. */
  readonly gateway: string | undefined;
  /** Gives the network namespace of process `pid` an eth0, an address and a default route. The same pod gets the same address. */
  attach(
    podUid: string,
    pid: number,
    hostPorts: readonly HostPort[],
    signal: AbortSignal,
  ): Promise<PodAddress>;
  detach(podUid: string, signal: AbortSignal): Promise<void>;
  /** Releases what belongs to no pod of the list (after a restart or a reboot). */
  retainOnly(podUids: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
}

export interface HostPort {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly hostIP: string;
}
