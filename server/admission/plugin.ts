import type { KubeObject } from '../../openapi/machinery/object.ts';
import type { Resource } from '../../openapi/machinery/resource.ts';
import type { UserInfo } from '../auth/user.ts';
import type { Reinvocation } from './reinvocation.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly operation: Operation;
  readonly resource: Resource;
  /** "" for the object itself; "status", "exec", "scale" … */
  readonly subresource: string;
  readonly namespace: string;
  /** "" while generateName has not been filled. */
  readonly name: string;
  /** What would be stored; undefined for DELETE. For CONNECT the options object (PodExecOptions …). */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions as sent; undefined for CONNECT. */
  readonly options?: KubeObject | undefined;
  /** Only while objects may be changed. */
  readonly reinvocation?: Reinvocation;
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void;
}

/** Rejects with a StatusError (usually `forbidden(…)`) to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** Resolves with the object to go on with: the same one when nothing changes. */
  mutate?(request: AdmissionRequest): Promise<KubeObject | undefined>;
  validate?(request: AdmissionRequest): Promise<void>;
}
