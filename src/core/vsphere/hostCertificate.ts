import { readObject } from './propertyCollector.ts';
import type { MoRef } from './schema/moRef.ts';
import type { VimSession } from './session.ts';

/** A host as the server it belongs to knows it. */
export interface HostIdentity {
  /** SHA-256 of the certificate it answers with, `AA:BB:…`. */
  readonly fingerprint: string;
}

/**
 * The certificate of the host that a VM runs on, told by the server whose own certificate is pinned: nobody has to confirm
 * that of every host. Undefined where the server does not tell, for instance because the user may not see the host.
 */
export async function hostIdentityOf(
  session: VimSession,
  vm: MoRef,
  signal: AbortSignal,
): Promise<HostIdentity | undefined> {
  const { 'runtime.host': host } = await readObject(session, 'VirtualMachine', vm, ['runtime.host'], signal);
  if (host === undefined) return undefined;
  const path = 'config.certificate';
  const certificate = (await readObject(session, 'HostSystem', host, [path], signal))[path];
  return certificate === undefined ? undefined : { fingerprint: await fingerprintOf(certificate) };
}

/** @param certificate  signed bytes, as the API has them: a PEM file or what is in one */
export async function fingerprintOf(certificate: readonly number[]): Promise<string> {
  const bytes = Uint8Array.from(certificate);
  const pem = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(new TextDecoder('latin1').decode(bytes));
  const der =
    pem?.[1] === undefined
      ? bytes
      : Uint8Array.from(atob(pem[1].replaceAll(/\s/g, '')), character => character.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
  return [...digest].map(byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
}
