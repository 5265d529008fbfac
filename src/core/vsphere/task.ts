import { AppError } from '../../base/errors.ts';
import { localizedFault } from './faults.ts';
import { watchObject } from './propertyWatch.ts';
import type { MoRef } from './schema/moRef.ts';
import type { VimSession } from './session.ts';

export interface TaskOptions {
  /** What the task does, for messages, for instance "creating the snapshot". */
  readonly what: string;
  /** The thing it is done to, as the user knows it. */
  readonly object: string;
  readonly onProgress?: (percent: number) => void;
}

/**
 * Waits until a task has ended and gives what it has produced. When the signal is aborted the task is asked to stop,
 * and the call rejects with CANCELLED at once: a task that cannot be cancelled may still succeed later.
 * @throws VimFaultError with the task's own fault
 */
export async function waitForTask(
  session: VimSession,
  task: MoRef,
  { what, object, onProgress }: TaskOptions,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const paths = ['info.state', 'info.progress', 'info.result', 'info.error'] as const;
    for await (const info of watchObject(session, 'Task', task, paths, signal)) {
      if (info['info.progress'] !== undefined) onProgress?.(info['info.progress']);
      if (info['info.state'] === 'success') return info['info.result'];
      if (info['info.state'] === 'error') {
        const fault = info['info.error'] ?? { fault: { _type: 'MethodFault' } };
        throw localizedFault(fault, what, object);
      }
    }
  } catch (error) {
    if (signal.aborted) {
      // Not every task can be cancelled, and one that just ended cannot; either way the caller is leaving.
      await session.call('CancelTask', task, {}, AbortSignal.timeout(10_000)).catch(() => undefined);
    }
    throw error;
  }
  throw new AppError('INTERNAL', `${object}: the task ended without a result`, { object });
}
