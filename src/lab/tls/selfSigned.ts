import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

import type { Clock } from '../../base/clock.ts';

export interface ServerCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 over the certificate, upper-case hex pairs with colons. */
  readonly fingerprint: string;
  /** SHA-1 in the same form, which vSphere gives beside the URLs of disks. */
  readonly sha1Thumbprint: string;
}

const hourMs = 3_600_000;
/** Kinds of subject alternative names in RFC 5280. */
const dnsName = 2;
const ipAddress = 7;

/**
 * A fresh key (ECDSA P-256) with a certificate that signs itself, as every new vCenter brings one: for 127.0.0.1 and
 * localhost, from an hour ago for a year.
 */
export async function selfSignedCertificate(commonName: string, clock: Clock): Promise<ServerCertificate> {
  const validFromMs = clock.now().getTime() - hourMs;
  const { cert, private: privateKeyPem } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(validFromMs),
    notAfterDate: new Date(validFromMs + 365 * 24 * hourMs),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: dnsName, value: 'localhost' },
          { type: ipAddress, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const { fingerprint, fingerprint256 } = new X509Certificate(cert);
  return { certificatePem: cert, privateKeyPem, fingerprint: fingerprint256, sha1Thumbprint: fingerprint };
}
