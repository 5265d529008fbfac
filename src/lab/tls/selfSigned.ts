import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import * as der from './der.ts';

export interface ServerCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 over the certificate, upper-case hex pairs with colons. */
  readonly fingerprint: string;
  /** SHA-1 in the same form, which vSphere gives beside the URLs of disks. */
  readonly sha1Thumbprint: string;
}

const ecdsaWithSha256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
const validityMs = 365 * 24 * 3_600_000;

/**
 * A fresh key (ECDSA P-256) with a certificate that signs itself, as every new vCenter brings one: for 127.0.0.1, ::1
 * and localhost, from an hour ago for a year.
 * @see RFC 5280
 */
export function selfSignedCertificate(commonName: string, clock: Clock, random: Random): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = der.sequence(
    der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))),
  );
  const validFromMs = clock.now().getTime() - 3_600_000;
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = der.sequence(
    der.context(0, der.integer(Uint8Array.of(2))),
    der.integer(serial),
    ecdsaWithSha256,
    name,
    der.sequence(der.utcTime(new Date(validFromMs)), der.utcTime(new Date(validFromMs + validityMs))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions())),
  );
  const certificate = der.sequence(body, ecdsaWithSha256, der.bitString(sign('sha256', body, privateKey)));
  return {
    certificatePem: new X509Certificate(certificate).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint: fingerprint('sha256', certificate),
    sha1Thumbprint: fingerprint('sha1', certificate),
  };
}

function extensions(): Uint8Array[] {
  const ipV6Loopback = new Uint8Array(16);
  ipV6Loopback[15] = 1;
  const dnsName = 2;
  const ipAddress = 7;
  const alternativeNames = der.sequence(
    der.contextPrimitive(dnsName, Buffer.from('localhost')),
    der.contextPrimitive(ipAddress, Uint8Array.of(127, 0, 0, 1)),
    der.contextPrimitive(ipAddress, ipV6Loopback),
  );
  return [
    der.sequence(der.objectIdentifier('2.5.29.17'), der.octetString(alternativeNames)),
    der.sequence(
      der.objectIdentifier('2.5.29.19'),
      der.boolean(true),
      der.octetString(der.sequence(der.boolean(true))),
    ),
  ];
}

function fingerprint(algorithm: 'sha1' | 'sha256', certificate: Uint8Array): string {
  const hex = createHash(algorithm).update(certificate).digest('hex').toUpperCase();
  return hex.replace(/..(?=.)/g, '$&:');
}
