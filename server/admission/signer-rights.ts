import type { Authorizer } from '../auth/authorizer.ts';
import type { UserInfo } from '../auth/user.ts';

/** Whether the user holds the verb on the signer, by its name or by its domain: `example.com/*`. */
export function mayForSigner(
  authorizer: Authorizer,
  user: UserInfo,
  verb: 'approve' | 'sign',
  signerName: string,
): boolean {
  const domain = signerName.split('/')[0] ?? '';
  return [signerName, `${domain}/*`].some(
    (name) =>
      authorizer.authorize({
        user,
        verb,
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
      }).allowed,
  );
}
