import { parseToolsConfig } from '../../consistency/guest/toolsConfigText.ts';
import type { GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, readGuestText } from '../../guestops/node/guestTransfer.ts';
import { optional } from './optional.ts';

const maxConfigBytes = 1_000_000;

/** What VMware Tools are told by the guest's own file; where it has none, they do what they do by default. */
export async function readToolsConfig(
  guest: GuestSession,
  path: string,
  deps: GuestTransferDeps,
  signal: AbortSignal,
) {
  return parseToolsConfig((await optional(readGuestText(guest, path, maxConfigBytes, deps, signal))) ?? '');
}
