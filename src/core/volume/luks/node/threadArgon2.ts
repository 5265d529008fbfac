import { Worker } from 'node:worker_threads';
import { Semaphore } from '../../../../base/async/semaphore.ts';
import { AppError, CancelledError } from '../../../../base/errors.ts';
import type { Argon2 } from '../openKeyslot.ts';
import type { Argon2Task } from './argon2Task.ts';

/**
 * Argon2 in a thread of its own, one at a time: each may take a gigabyte. Who cancels ends the thread.
 * @param script  the thread's program: `argon2Thread.ts` among the sources, `argon2Thread.mjs` beside a bundle
 */
export function threadArgon2(script: URL): Argon2 {
  const place = new Semaphore(1);
  return async (passphrase, derivation, keyBytes, signal) =>
    await place.use(
      signal,
      async () =>
        await inThread(script, { ...derivation, passphrase: passphrase.reveal(), keyBytes }, signal),
    );
}

async function inThread(script: URL, task: Argon2Task, signal: AbortSignal): Promise<Uint8Array> {
  if (signal.aborted) throw new CancelledError();
  const thread = new Worker(script, { workerData: task });
  const ending = new AbortController();
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new CancelledError()), { signal: ending.signal });
      thread.once('message', resolve);
      // What a library says of its input may hold the passphrase: it is not kept as cause.
      thread.once('error', () => reject(failed()));
      thread.once('exit', () => reject(failed()));
    });
  } finally {
    ending.abort();
    await thread.terminate();
  }
}

function failed(): AppError {
  return new AppError('WORKER_LOST', 'the key of an encrypted volume could not be derived', {
    remedy: 'Close other programs, for this may take a gigabyte of memory, and try again',
  });
}
