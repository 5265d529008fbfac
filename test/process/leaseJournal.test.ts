import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { openFileLeaseJournal } from '../../src/core/journal/node/fileLeaseJournal.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const deps = { clock: systemClock, random: systemRandom, logger: silentLogger };

async function startHolder(folder: string, token: string) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/programs/holdLease.ts`, folder, token], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('a lease of a living process is left alone; killed, it changes hands exactly once', async () => {
  const folder = temporaryFolder('journal');
  const holder = await startHolder(folder, 'token-1');
  await using first = await openFileLeaseJournal(folder, deps);
  await using second = await openFileLeaseJournal(folder, deps);
  expect(await first.takeOverLeftovers()).toEqual([]);

  await holder.kill();
  const found = (await Promise.all([first.takeOverLeftovers(), second.takeOverLeftovers()])).flat();
  expect(found.map(leftover => leftover.lease.record)).toEqual([
    { kind: 'snapshot', vcenterId: 'vc', vm: 'vm-1', vmName: 'web01', token: 'token-1' },
  ]);
  await found[0]!.lease.settle();
  expect((await Promise.all([first.takeOverLeftovers(), second.takeOverLeftovers()])).flat()).toEqual([]);
});

test('what the heir does not settle is a leftover again', async () => {
  const folder = temporaryFolder('journal');
  const holder = await startHolder(folder, 'token-2');
  await holder.kill();
  {
    await using heir = await openFileLeaseJournal(folder, deps);
    expect(await heir.takeOverLeftovers()).toHaveLength(1);
  }
  await using next = await openFileLeaseJournal(folder, deps);
  const [leftover] = await next.takeOverLeftovers();
  expect(leftover?.lease.record).toMatchObject({ token: 'token-2' });
  expect(next.installationId).toMatch(/^[0-9a-f-]{36}$/);
});
