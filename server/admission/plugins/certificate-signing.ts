import { isDeepStrictEqual } from 'node:util';
import type { CertificateSigningRequest } from '../../../openapi/generated/types.ts';
import { qualifiedName } from '../../../openapi/machinery/resource.ts';
import { forbidden } from '../../../openapi/machinery/status.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { mayForSigner } from '../signer-rights.ts';

/** Who writes a certificate, or a condition beside it, needs the right to sign for the request's signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    operations: ['UPDATE'],
    validate({ resource, subresource, name, object, oldObject, user }) {
      const concerns = qualifiedName(resource) === 'certificatesigningrequests.certificates.k8s.io';
      if (!concerns || subresource !== 'status') return Promise.resolve();
      const [request, old] = [object as CertificateSigningRequest, oldObject as CertificateSigningRequest];
      const isKept =
        request.status?.certificate === old.status?.certificate &&
        isDeepStrictEqual(request.status?.conditions ?? [], old.status?.conditions ?? []);
      const { signerName } = old.spec;
      if (isKept || mayForSigner(authorizer, user, 'sign', signerName)) return Promise.resolve();
      const why = `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`;
      return Promise.reject(forbidden(resource, name, why));
    },
  };
}
