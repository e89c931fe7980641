import type { ConfigMap, Pod, Secret, Volume } from '../../openapi/generated/types.ts';
import type { Mounts } from '../host/mounts.ts';

export interface TokenSpec {
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** Where the contents of volumes come from. What the API does not have is undefined; what cannot be asked rejects. */
export interface VolumeSources {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** A token of the pod's service account, bound to the pod; the same one until it is time for a new one. */
  token(pod: Pod, spec: TokenSpec): Promise<string>;
}

/** Facts of the node that a pod may ask for: "cpu" and "memory" where a container has no limit. */
export type Allocatable = Readonly<Record<string, string>>;

export interface VolumeContext {
  readonly pod: Pod;
  readonly volume: Volume;
  /** This volume's own folder, on the node's disk or a tmpfs; not made yet. */
  readonly path: string;
  readonly mounts: Mounts;
  readonly sources: VolumeSources;
  readonly allocatable: Allocatable;
}

/** One kind of volume. */
export interface VolumePlugin {
  /** As Kubernetes names it: "kubernetes.io/empty-dir"; also the folder. */
  readonly name: string;
  /** Containers may only read it. */
  readonly readOnly: boolean;
  /** Contents follow their source while the pod runs. */
  readonly refreshes: boolean;
  /** The node's group bits and owner are set on it when the pod has an fsGroup. */
  readonly takesGroup: boolean;
  matches(volume: Volume): boolean;
  /** May be repeated. Resolves with the path that containers mount. Rejects with what the user should read. */
  setUp(context: VolumeContext): Promise<string>;
}
