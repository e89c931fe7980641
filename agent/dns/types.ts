/** What the DNS reads of core/v1 Service and discovery/v1 EndpointSlice, and nothing else: the generated types fit. */
interface Named {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface DnsService {
  readonly metadata?: Named | undefined;
  readonly spec?:
    | {
        readonly type?: string | undefined;
        readonly clusterIP?: string | undefined;
        readonly clusterIPs?: readonly string[] | undefined;
        readonly externalName?: string | undefined;
        readonly ports?:
          | readonly {
              readonly name?: string | undefined;
              readonly protocol?: string | undefined;
              readonly port: number;
            }[]
          | undefined;
      }
    | undefined;
}

export interface DnsSlice {
  readonly metadata?: Named | undefined;
  readonly addressType: string;
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly protocol?: string | undefined;
        readonly port?: number | undefined;
      }[]
    | undefined;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly hostname?: string | undefined;
        readonly conditions?: { readonly ready?: boolean | undefined } | undefined;
      }[]
    | null
    | undefined;
}

/** The label by which a slice names its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';
