import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import { readVmEvents, type VmEventFacts } from '../vsphere/vmEvents.ts';

/** A guest that shuts down is off within minutes; what comes later is another switching off. */
const shutdownLimitMs = 15 * 60_000;

const types = ['VmGuestShutdownEvent', 'VmPoweredOffEvent', 'VmPoweredOnEvent'] as const;

/**
 * Whether a VM that is off was shut down by its guest, as the server's events tell. Undefined where they do not, which is
 * no proof of the contrary: events are not kept for ever, and a guest may shut down by itself.
 */
export async function readLastPowerOff(
  session: VimSession,
  vm: MoRef,
  signal: AbortSignal,
): Promise<'guest-shutdown' | undefined> {
  try {
    return lastPowerOff(await readVmEvents(session, vm, { types }, signal));
  } catch (error) {
    // Who may not see events, and servers without them, leave it unknown.
    if (AppError.is(error, 'PERMISSION') || AppError.is(error, 'UNSUPPORTED_FORMAT')) return undefined;
    throw error;
  }
}

/** @param events  oldest first */
export function lastPowerOff(events: readonly VmEventFacts[]): 'guest-shutdown' | undefined {
  const off = events.findLast(({ type }) => type === 'VmPoweredOffEvent');
  if (off === undefined) return undefined;
  const kinds: readonly string[] = types;
  const before = events.slice(0, events.indexOf(off)).findLast(({ type }) => kinds.includes(type));
  const isShutdown =
    before?.type === 'VmGuestShutdownEvent' && off.at.getTime() - before.at.getTime() <= shutdownLimitMs;
  return isShutdown ? 'guest-shutdown' : undefined;
}
