import type { Node, Service } from '../../openapi/generated/types.ts';
import type { Allocatable } from '../volumes/plugin.ts';

/** What pods ask of their node. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly hostIP: string;
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  /** Holds one folder a pod. */
  readonly podsFolder: string;
  allocatable(): Allocatable;
  services(): readonly Service[];
  /** As the API has it; undefined until it is known. */
  node(): Node | undefined;
}
