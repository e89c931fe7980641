/** What the proxy reads of core/v1 Service and discovery/v1 EndpointSlice, and nothing else: the generated types fit. */
interface Named {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ServicePortSpec {
  readonly name?: string | undefined;
  readonly protocol?: string | undefined;
  readonly port: number;
  readonly nodePort?: number | undefined;
}

export interface ProxyService {
  readonly metadata?: Named | undefined;
  readonly spec?:
    | {
        readonly type?: string | undefined;
        readonly clusterIP?: string | undefined;
        readonly clusterIPs?: readonly string[] | undefined;
        readonly selector?: Readonly<Record<string, string>> | undefined;
        readonly ports?: readonly ServicePortSpec[] | undefined;
        readonly externalIPs?: readonly string[] | undefined;
        readonly sessionAffinity?: string | undefined;
        readonly sessionAffinityConfig?:
          { readonly clientIP?: { readonly timeoutSeconds?: number | undefined } | undefined } | undefined;
        readonly externalTrafficPolicy?: string | undefined;
        readonly internalTrafficPolicy?: string | undefined;
        readonly loadBalancerSourceRanges?: readonly string[] | undefined;
      }
    | undefined;
  readonly status?:
    | {
        readonly loadBalancer?:
          | {
              readonly ingress?:
                | readonly { readonly ip?: string | undefined; readonly ipMode?: string | undefined }[]
                | undefined;
            }
          | undefined;
      }
    | undefined;
}

export interface ProxyEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?:
    | {
        readonly ready?: boolean | undefined;
        readonly serving?: boolean | undefined;
        readonly terminating?: boolean | undefined;
      }
    | undefined;
  readonly nodeName?: string | undefined;
  readonly hints?:
    | {
        readonly forNodes?: readonly { readonly name: string }[] | undefined;
        readonly forZones?: readonly { readonly name: string }[] | undefined;
      }
    | undefined;
}

export interface ProxySlice {
  readonly metadata?: Named | undefined;
  readonly addressType: string;
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly protocol?: string | undefined;
        readonly port?: number | undefined;
      }[]
    | undefined;
  readonly endpoints?: readonly ProxyEndpoint[] | null | undefined;
}

/** The label by which a slice names its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';
