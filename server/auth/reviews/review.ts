import type { KubeObject } from '../../../openapi/machinery/object.ts';
import type { Resource } from '../../../openapi/machinery/resource.ts';
import type { UserInfo } from '../user.ts';

export interface ReviewRequest {
  /** Decoded and defaulted, its status dropped. */
  readonly object: KubeObject;
  readonly namespace: string;
  readonly user: UserInfo;
}

/** A kind that is asked, not stored: its answer is the object with a status. Rejects with StatusError. */
export interface Review {
  readonly resource: Resource;
  answer(request: ReviewRequest): Promise<KubeObject>;
}
