import type { Authenticator } from '../authenticator.ts';

/** X.509: the common name is the user, each organization a group. TLS has verified the chain already. */
export const certificateAuthenticator: Authenticator = {
  name: 'certificate',
  authenticate({ certificate }) {
    if (certificate === undefined || certificate.commonName === '') return Promise.resolve(undefined);
    return Promise.resolve({ name: certificate.commonName, groups: certificate.organizations });
  },
};
