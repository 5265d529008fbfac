import { type Empty, request } from './message.ts';

export interface VCenterParams {
  /** As the user calls it; names it in every other request. */
  readonly name: string;
  /** `https://host[:port]` of a vCenter or a standalone ESXi host. */
  readonly url: string;
  readonly user: string;
  /** SHA-256 of the certificate, confirmed by the user: hexadecimal pairs with colons. Any other is refused. */
  readonly fingerprint: string;
  /** Kept in the worker's memory only. */
  readonly password: string;
}

export interface VCenterDto {
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly instanceUuid: string;
  /** For instance `VMware vCenter Server 8.0.3 build-24022515`. */
  readonly product: string;
  readonly apiVersion: string;
}

/** The fingerprint that a server presents now, for a person to compare. Nothing is sent to the server. */
export const readFingerprint = request<{ readonly url: string }, { readonly fingerprint: string }>(
  'vcenter/fingerprint',
);

/**
 * Logs in, or finds the same vCenter open already. Other parameters under a known name take its place; jobs that run
 * finish with what they began. What dead processes left on the server is given back then, by a job of kind `guard`.
 */
export const openVCenter = request<VCenterParams, VCenterDto>('vcenter/open');

/** Logs out and forgets the password and what the server has. Fails with CONFLICT while a job uses it. */
export const closeVCenter = request<{ readonly name: string }, Empty>('vcenter/close');

/** What is open; a client that has just connected need not ask for passwords again. */
export const listVCenters = request<Empty, { readonly vcenters: readonly VCenterDto[] }>('vcenter/list');
