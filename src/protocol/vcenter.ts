import { type Empty, notification, request } from './message.ts';
import type { WireError } from './wireError.ts';

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
  /**
   * If it cannot be reached now, it is tried again after longer and longer pauses, until it is open or closed. The request
   * fails all the same; `vcenter/changed` tells what came of it.
   */
  readonly keepTrying?: true;
}

/** As whom, and as which server, an inventory was seen: what is kept of it is found by that. */
export type InventoryOwnerDto = Pick<VCenterParams, 'url' | 'user' | 'fingerprint'>;

export interface VCenterDto {
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly instanceUuid: string;
  /** For instance `VMware vCenter Server 8.0.3 build-24022515`. */
  readonly product: string;
  readonly apiVersion: string;
  /** What not every server can do. */
  readonly capabilities: readonly CapabilityDto[];
}

export interface CapabilityDto {
  /** `exportSnapshot`, `quiesceSpec`, …. */
  readonly id: string;
  readonly isAvailable: boolean;
  /** Version of the API that it came with. */
  readonly since: string;
  /** A host on its own has it in no version. */
  readonly needsVCenter: boolean;
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

/**
 * Logs out, or ends trying to log in, and forgets the password and what the server has. Fails with CONFLICT while a job
 * uses it; with NOT_FOUND if it is not open and no owner is given.
 */
export const closeVCenter = request<CloseVCenterParams, Empty>('vcenter/close');

export interface CloseVCenterParams {
  readonly name: string;
  /** What is kept of this one is forgotten if none of that name is open. */
  readonly owner?: InventoryOwnerDto;
}

/** A vCenter is open, or is not tried any more because of what no repetition cures; told to every client. */
export const vcenterChanged = notification<VCenterChangeDto>('vcenter/changed');

export interface VCenterChangeDto {
  readonly name: string;
  /** Missing if it is open. */
  readonly problem?: WireError;
}

/** What is open; a client that has just connected need not ask for passwords again. */
export const listVCenters = request<Empty, { readonly vcenters: readonly VCenterDto[] }>('vcenter/list');
