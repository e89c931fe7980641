// eslint-disable-next-line no-restricted-syntax -- @peculiar/x509's container needs it loaded before itself
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** Who a certificate request says that it is for. */
export interface RequestSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Reads base64 of PEM, as CertificateSigningRequests hold it. Undefined when it is no request. */
export function requestSubject(request: string): RequestSubject | undefined {
  try {
    const pem = Buffer.from(request, 'base64').toString('latin1');
    const { subjectName } = new x509.Pkcs10CertificateRequest(pem);
    return {
      commonName: subjectName.getField('CN')[0] ?? '',
      organizations: subjectName.getField('O'),
    };
  } catch {
    return undefined;
  }
}
