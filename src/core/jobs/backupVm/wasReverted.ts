import { toAppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { isVim } from '../../vsphere/vimCaller.ts';

/**
 * Whether a VM went back to a snapshot since, as far as the server remembers: hosts do not always lose what they tracked
 * then, as they should. Whoever may not see events goes by what is tracked alone.
 * @param since  by the server's clock
 */
export async function wasReverted(
  session: VimSession,
  vm: MoRef,
  since: Date,
  logger: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  const { eventManager } = session.content;
  if (eventManager === undefined) return false;
  const filter = {
    entity: { entity: vm, recursion: 'self' },
    time: { beginTime: since },
    eventTypeId: ['vim.event.TaskEvent'],
  };
  try {
    const events = await session.call('QueryEvents', eventManager, { filter }, signal);
    return events.some(event => isVim(event, 'TaskEvent') && /revert/i.test(event.info.descriptionId));
  } catch (error) {
    signal.throwIfAborted();
    logger.debug('whether the VM went back to a snapshot cannot be seen', {
      problem: toAppError(error).message,
    });
    return false;
  }
}
