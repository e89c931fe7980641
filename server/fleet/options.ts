import type { Duplex } from 'node:stream';
import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/event-recorder.ts';
import type { Informers } from '../../openapi/client/informers.ts';
import type { Clock } from '../../openapi/machinery/clock.ts';
import type { Logger } from '../../openapi/machinery/log.ts';
import type { NodeRuntimeOptions } from './node-runtime.ts';

/** By which an agent speaks to the API: PEM texts. */
export interface NodeCredential {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
}

export interface FleetOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ties hosts to this cluster: the uid of the kube-system namespace, for example. Never changes. */
  readonly clusterId: string;
  readonly network: {
    readonly clusterCIDR: string;
    readonly serviceCIDR: string;
    readonly clusterDNS: string;
    readonly clusterDomain: string;
  };
  /** PEM of the CA that agents trust; the same as in credentials. */
  readonly ca: string;
  /** The name in the API server's certificate that agents check behind the tunnel. */
  readonly apiServerName: string;
  readonly issueNodeCertificate: (nodeName: string) => Promise<NodeCredential>;
  /** A stream from a host's agent (or a pod there): raw TLS bytes for the API server. The callee ends it. */
  readonly onApiConnection: (stream: Duplex, nodeName: string) => void;
  /** The one file that is pushed to hosts. */
  readonly agentBundlePath: string;
  readonly nodeRuntime: NodeRuntimeOptions;
  readonly ssh: {
    /** Of the user that runs the server: for "~" and the usual keys. */
    readonly homeDirectory: string;
    readonly knownHostsFiles: readonly string[];
    /** SSH_AUTH_SOCK. */
    readonly agentSocket: string | undefined;
  };
  /** How many hosts may be joining at a time. Default 8. */
  readonly joiningMax?: number;
}
