import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { copyInto, testPassword } from '../support/repositories.ts';
import { RepositoryHistory, type Tally } from '../support/repositoryHistory.ts';
import { Restic } from '../support/restic.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

/** A thousand histories under `npm run proof`, a slice otherwise. */
const histories = Number(
  process.env['QUIESCE_HISTORIES'] ?? (process.env['QUIESCE_PROOF'] === 'full' ? 1000 : 40),
);
/** One alone can be lived again. */
const first = Number(process.env['QUIESCE_FIRST_HISTORY'] ?? 0);
const seed = Number(process.env['QUIESCE_SEED'] ?? 20_261_126);
const resticEvery = 20;
const diskKey = 2000;

describe('a repository and everybody who works with it', () => {
  test(`${histories} random histories end with the restore points that a plain map has; seed ${seed}`, async () => {
    const tally: Tally = new Map();
    for (let index = first; index < first + histories; index += 1) await live(index, tally);
    const outcomes = JSON.stringify(Object.fromEntries([...tally].sort()));
    console.log(`seed ${seed}, ${histories} histories: ${outcomes}`);
    if (histories < 40) return;
    for (const outcome of ['backup slept: done', 'prune killed: dead', 'copy beside another: done'])
      expect(tally.get(outcome) ?? 0, outcome).toBeGreaterThan(0);
  }, 7_200_000);

  toolTest('restic')(
    `every ${resticEvery}th of them is whole for restic, to the last byte of its disks`,
    async () => {
      for (let index = first; index < first + histories; index += resticEvery) {
        const { store, points } = await live(index, new Map());
        const folder = temporaryFolder('history');
        const passwordFile = join(folder, 'password');
        writeFileSync(passwordFile, testPassword.reveal(), { mode: 0o600 });
        const place = { folder: join(folder, 'repository'), readOnly: false };
        const written = new LocalObjectStore({ ...place, clock: systemClock, random: systemRandom });
        await written.prepare(signal);
        await copyInto(written, store);
        const restic = new Restic(place.folder, passwordFile);
        await restic.checkEverything();
        const [newest] = [...points].slice(-1);
        if (newest === undefined) continue;
        const [id, { content }] = newest;
        expect(await restic.diskHash(id, diskKey, join(folder, 'restored'))).toBe(
          createHash('sha256').update(content).digest('hex'),
        );
      }
    },
    7_200_000,
  );
});

async function live(index: number, tally: Tally): Promise<RepositoryHistory> {
  const history = await RepositoryHistory.begin(seed + index, tally);
  await history.live().catch((error: unknown) => {
    throw new Error(`history ${index} of seed ${seed}`, { cause: error });
  });
  return history;
}
