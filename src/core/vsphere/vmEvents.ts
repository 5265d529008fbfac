import type { MoRef } from './schema/moRef.ts';
import type { VimSession } from './session.ts';

/** Something that happened to a VM, as the server remembers it. */
export interface VmEventFacts {
  /** As the API names it, for instance `VmPoweredOffEvent`. */
  readonly type: string;
  /** By the server's clock. */
  readonly at: Date;
  /** The whole message, in the server's language. */
  readonly text: string;
}

export interface VmEventQuery {
  readonly from?: Date;
  readonly to?: Date;
  /** All kinds without it. */
  readonly types?: readonly string[];
}

/**
 * The events of one VM, oldest first; a server gives the last thousand. None where the server keeps no events.
 * @throws PERMISSION if the user may not see them
 */
export async function readVmEvents(
  session: VimSession,
  vm: MoRef,
  { from, to, types }: VmEventQuery,
  signal: AbortSignal,
): Promise<readonly VmEventFacts[]> {
  const { eventManager } = session.content;
  if (eventManager === undefined) return [];
  const filter = {
    entity: { entity: vm, recursion: 'self' },
    ...((from !== undefined || to !== undefined) && { time: { beginTime: from, endTime: to } }),
    ...(types !== undefined && { eventTypeId: types.map(type => `vim.event.${type}`) }),
  };
  const events = await session.call('QueryEvents', eventManager, { filter }, signal);
  return events
    .map(({ _type, createdTime, fullFormattedMessage }) => ({
      type: _type ?? 'Event',
      at: createdTime,
      text: fullFormattedMessage ?? '',
    }))
    .toSorted((one, other) => one.at.getTime() - other.at.getTime());
}
