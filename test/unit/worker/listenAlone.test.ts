import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { systemRandom } from '../../../src/base/random.ts';
import { newestWorkerLink, workerLinkPath } from '../../../src/protocol/node/workerLinks.ts';
import { listenAlone, type Listener } from '../../../src/worker/listenAlone.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

describe.skipIf(process.platform === 'win32')('of several that start at once', () => {
  test('one listens, round after round, whatever the dead one left', async () => {
    const folder = temporaryFolder('alone');
    for (let round = 0; round < 60; round += 1) {
      const listeners = await Promise.all(
        Array.from({ length: 2 + (round % 6) }, async () => await open(folder)),
      );
      const [winner, ...others] = listeners.filter(listener => listener !== undefined);
      expect({ round, others }).toEqual({ round, others: [] });
      expect(await winner!.isFound()).toBe(true);
      expect(await answers(folder)).toBe(true);
      expect(await open(folder)).toBeUndefined();
      expect(readdirSync(folder).filter(name => name.endsWith('.sock'))).toHaveLength(1);
      await winner![Symbol.asyncDispose]();
      if (round % 2 === 0) leaveAsKilled(folder, await nextNumber(folder));
    }
  });

  test('one that looked long ago does not take a number that was given back', async () => {
    const folder = temporaryFolder('alone');
    leaveAsKilled(folder, 7);
    await using listener = await open(folder);
    expect(await newestWorkerLink(folder)).toBe(8);
    // What such a one does next: the number after the one it saw is free again.
    symlinkSync('late.sock', workerLinkPath(folder, 6));
    expect(await listener!.isFound()).toBe(true);
    expect(await open(folder)).toBeUndefined();
  });

  test('one whose folder was cleaned up knows that it is not found', async () => {
    const folder = temporaryFolder('alone');
    await using listener = await open(folder);
    const other = temporaryFolder('alone');
    await using elsewhere = await open(other);
    expect(await elsewhere!.isFound()).toBe(true);
    symlinkSync('newer.sock', workerLinkPath(folder, 2));
    expect(await listener!.isFound()).toBe(false);
  });
});

async function open(folder: string): Promise<Listener | undefined> {
  return await listenAlone({ folder, pipe: undefined }, systemRandom, socket => {
    socket.destroy();
  });
}

/** A socket file on which nobody listens any more, and the link to it. */
function leaveAsKilled(folder: string, number: number): void {
  writeFileSync(join(folder, `killed${number}.sock`), '');
  symlinkSync(`killed${number}.sock`, workerLinkPath(folder, number));
}

async function nextNumber(folder: string): Promise<number> {
  return ((await newestWorkerLink(folder)) ?? 0) + 1;
}

async function answers(folder: string): Promise<boolean> {
  const path = workerLinkPath(folder, (await newestWorkerLink(folder))!);
  return await new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
