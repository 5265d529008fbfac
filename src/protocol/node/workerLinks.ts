import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { fileError } from '../../base/node/fileErrors.ts';

/**
 * Workers publish their sockets by symbolic links `worker.1`, `worker.2` …: whoever takes the place of a dead one makes
 * the link with the next number, which only one can make. The highest number counts, dead or alive, and is never
 * removed, so that a number that was taken once is never free again for somebody who looked long ago.
 */
export async function newestWorkerLink(folder: string): Promise<number | undefined> {
  const numbers = await workerLinks(folder);
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

/** All numbers there are, in no order. */
export async function workerLinks(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  return names.flatMap(name => {
    const digits = /^worker\.([1-9][0-9]{0,8})$/.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}

export function workerLinkPath(folder: string, number: number): string {
  return join(folder, `worker.${number}`);
}
