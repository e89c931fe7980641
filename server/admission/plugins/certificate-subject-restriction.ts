import type { CertificateSigningRequest } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { requestSubject } from '../../auth/pki/request-subject.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';
import { refused } from '../refused.ts';

const clientSigner = 'kubernetes.io/kube-apiserver-client';
const almighty = 'system:masters';

/** Nobody asks for a client certificate of the group that may do everything. */
export const certificateSubjectRestriction = {
  name: 'CertificateSubjectRestriction',
  operations: ['CREATE'],
  validate(request) {
    const { resource, subresource } = request;
    const concerns = qualifiedName(resource) === 'certificatesigningrequests.certificates.k8s.io';
    const refusal = concerns && subresource === '' ? refusalOf(request) : undefined;
    return refusal === undefined ? Promise.resolve() : Promise.reject(refused(request, refusal));
  },
} satisfies AdmissionPlugin;

function refusalOf({ object }: AdmissionRequest): string | undefined {
  const { spec } = object as CertificateSigningRequest;
  if (spec.signerName !== clientSigner) return undefined;
  const subject = requestSubject(spec.request);
  if (subject === undefined) return 'failed to parse CSR: it is not a certificate request';
  if (!subject.organizations.includes(almighty)) return undefined;
  return `use of ${clientSigner} signer with ${almighty} group is not allowed`;
}
