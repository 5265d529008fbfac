import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { writeFileDurably } from '../../base/node/durableFile.ts';
import { systemErrorCode } from '../../base/node/fileErrors.ts';
import { selfSignedCertificate, type ServerCertificate } from './selfSigned.ts';

/**
 * The certificate and key that a file holds in PEM; where there is no such file, new ones, which are kept there. So a lab that was
 * killed comes back as the server that its clients know.
 * @throws INVALID_INPUT for a file with anything else
 */
export async function keptCertificate(
  path: string,
  commonName: string,
  clock: Clock,
): Promise<ServerCertificate> {
  const kept = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (kept !== undefined) return readCertificate(kept, path);
  const made = await selfSignedCertificate(commonName, clock);
  await writeFileDurably(path, `${made.privateKeyPem.trim()}\n${made.certificatePem.trim()}\n`);
  return made;
}

function readCertificate(text: string, path: string): ServerCertificate {
  const [privateKeyPem] =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END [A-Z ]*PRIVATE KEY-----/.exec(text) ?? [];
  const [certificatePem] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text) ?? [];
  if (privateKeyPem === undefined || certificatePem === undefined)
    throw new AppError('INVALID_INPUT', `${path} does not hold a certificate and its key`, { object: path });
  const { fingerprint, fingerprint256 } = new X509Certificate(certificatePem);
  return { certificatePem, privateKeyPem, fingerprint: fingerprint256, sha1Thumbprint: fingerprint };
}
