import type { CertificateSigningRequest } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { forbidden } from '../../../openapi/machinery/status.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { mayForSigner } from '../signer-rights.ts';

/** Who approves or denies a certificate request needs the right to approve for its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    operations: ['UPDATE'],
    validate({ resource, subresource, name, oldObject, user }) {
      const concerns = qualifiedName(resource) === 'certificatesigningrequests.certificates.k8s.io';
      if (!concerns || subresource !== 'approval') return Promise.resolve();
      const { signerName } = (oldObject as CertificateSigningRequest).spec;
      if (mayForSigner(authorizer, user, 'approve', signerName)) return Promise.resolve();
      const why = `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`;
      return Promise.reject(forbidden(resource, name, why));
    },
  };
}
