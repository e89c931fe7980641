import { forbidden, type StatusError } from '../../openapi/machinery/status.ts';
import type { AdmissionRequest } from './plugin.ts';

/** The refusal of a request. What has no name yet goes by the prefix of it; kube-apiserver says so too. */
export function refused({ resource, name, object }: AdmissionRequest, why: string): StatusError {
  const { name: ownName = '', generateName = '' } = object?.metadata ?? {};
  const known = [name, ownName, generateName].find((each) => each !== '');
  return forbidden(resource, known ?? 'Unknown', why);
}
