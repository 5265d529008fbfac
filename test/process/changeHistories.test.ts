import { afterAll, beforeAll, expect, test } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { openRepository } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import type { MoRef } from '../../src/core/vsphere/schema/moRef.ts';
import { SeededRandom } from '../../src/lab/guest/seededRandom.ts';
import { anySignal } from '../support/anySignal.ts';
import { ChangedVm, hashOfPoint } from '../support/changedVm.ts';
import { createTestRepository, testDeps, testPassword } from '../support/repositories.ts';
import { type Lab, logIn, type LoggedIn, startLab } from '../vcsim/servers.ts';

/** A thousand histories under `npm run proof`, a slice otherwise. */
const histories = Number(
  process.env['QUIESCE_HISTORIES'] ?? (process.env['QUIESCE_PROOF'] === 'full' ? 1000 : 12),
);
const seed = Number(process.env['QUIESCE_SEED'] ?? 20_261_126);
/** One alone can be lived again. */
const first = Number(process.env['QUIESCE_FIRST_HISTORY'] ?? 0);

let lab: Lab;
let open: LoggedIn;

/** It remembers every snapshot there ever was, and tells all of them. */
const historiesOfLab = 25;

async function startAnew(): Promise<void> {
  await open[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await start();
}

async function start(): Promise<void> {
  lab = await startLab();
  open = await logIn(lab);
  await quiet();
}

beforeAll(start);
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function quiet(): Promise<void> {
  await lab.control('faults', { taskStepMs: 0, frozenExtents: 'readable', changedAreas: honest });
}

const honest = { maxExtents: 2000, maxLengthBytes: null, everything: false, omitFirst: false };

/** What a backup of the VM has to be, by what the test itself did to it. */
interface Expected {
  previous: SnapshotId | undefined;
  /** The previous point has the name of a moment. */
  wasTracked: boolean;
  isTracking: boolean;
  /** What was tracked was lost since. */
  isLost: boolean;
  hasGrown: boolean;
  isUnusable: boolean;
  /** The previous one found that it had been lied to, in what is still tracked. */
  isDistrusted: boolean;
}

const counts = new Map<string, number>();

test(`${histories} random histories end with the bytes of the snapshot, read as expected; seed ${seed}`, async () => {
  for (let index = first; index < first + histories; index += 1) {
    if (index > first && index % historiesOfLab === 0) {
      tell(index - first);
      await startAnew();
    }
    const random = new SeededRandom(seed + index);
    const deps = testDeps({ seed: index + 1 });
    const { store } = await createTestRepository(deps);
    await using repository = await openRepository(store, testPassword, deps, anySignal);
    await live(repository, random, `history${index}`).catch((error: unknown) => {
      throw new Error(`history ${index} of seed ${seed}`, { cause: error });
    });
  }
  tell(histories);
  if (histories < 10) return;
  expect(counts.get('incremental, datastore-files') ?? 0).toBeGreaterThan(0);
  expect(counts.get('incremental, nfc-lease') ?? 0).toBeGreaterThan(0);
}, 7_200_000);

/** How backups were read so far. */
function tell(done: number): void {
  console.log(`seed ${seed}, ${done} histories: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
}

async function live(repository: Repository, random: SeededRandom, name: string): Promise<void> {
  // Of disks up to 64 chunks the sample is everything; of large ones ranges are read where little has changed.
  const isLarge = random.below(5) === 0;
  let sizeBytes = (isLarge ? 256 + random.below(64) : 1 + random.below(20)) * MiB + random.below(3) * 65_536;
  const vm = await ChangedVm.create(lab, open, name, sizeBytes);
  /** Going back to one brings back whether the VM was tracked then. */
  const others: { readonly snapshot: MoRef; readonly isTracking: boolean }[] = [];
  const expected: Expected = {
    ...{ previous: undefined, wasTracked: false, isTracking: true, isLost: false },
    ...{ hasGrown: false, isUnusable: false, isDistrusted: false },
  };
  const lose = () => {
    expected.isLost ||= expected.isTracking;
    expected.isUnusable = false;
  };
  for (let steps = 8 + random.below(10); steps > 0; steps -= 1) {
    const dice = random.below(26);
    if (dice < 8) await writeSomewhere(vm, sizeBytes, random);
    else if (dice < 15) await backUp(repository, vm, expected, random, isLarge);
    else if (dice === 15) others.push({ snapshot: await vm.takeSnapshot(), isTracking: expected.isTracking });
    else if (dice === 16 && others.length > 0)
      await vm.removeSnapshot(others.splice(random.below(others.length), 1)[0]!.snapshot);
    else if (dice === 17 && others.length > 0) {
      const { snapshot, isTracking } = others[random.below(others.length)]!;
      await vm.revertTo(snapshot);
      lose();
      expected.isTracking = isTracking;
    } else if (dice === 18 && others.length === 0) {
      sizeBytes += (1 + random.below(3)) * 65_536;
      await vm.grow(sizeBytes);
      expected.hasGrown = true;
      lose();
    } else if (dice === 19) {
      await vm.setTracking({ reset: true });
      lose();
    } else if (dice === 20 && expected.isTracking) {
      expected.isUnusable = await vm.setTracking({ unusable: true });
    } else if (dice === 21 || (dice === 22 && !expected.isTracking)) {
      // Of a VM that is off it takes effect at once.
      expected.isTracking = !expected.isTracking;
      await vm.enableTracking(expected.isTracking);
      expected.isLost = true;
      expected.isUnusable = false;
    } else if (dice === 23) {
      await vm.powerOn();
      await writeSomewhere(vm, sizeBytes, random);
      if (random.below(2) === 0) await vm.powerOff();
      else {
        await vm.set({ powerLost: true });
        lose();
      }
    } else if (dice === 24) {
      await vm.set({ host: random.below(2) === 0 ? 'esx01.lab.invalid' : 'esx02.lab.invalid' });
    }
  }
  await writeSomewhere(vm, sizeBytes, random);
  await backUp(repository, vm, expected, random, isLarge);
}

async function writeSomewhere(vm: ChangedVm, sizeBytes: number, random: SeededRandom): Promise<void> {
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const offset = random.below(sizeBytes);
    // Near the borders of chunks, and across them.
    const near = Math.max(0, Math.min(sizeBytes - 1, Math.round(offset / MiB) * MiB - random.below(3) + 1));
    const start = random.below(2) === 0 ? offset : near;
    const length = Math.min(sizeBytes - start, 1 + random.below(random.below(4) === 0 ? 3 * MiB : 5000));
    await vm.write(start, length, 1 + random.below(1_000_000));
  }
}

async function backUp(
  repository: Repository,
  vm: ChangedVm,
  expected: Expected,
  random: SeededRandom,
  isLarge: boolean,
): Promise<void> {
  const isFullWanted = random.below(10) === 0;
  // A host that loses changes is found out for certain where the sample is the whole disk.
  const isLying = !isLarge && random.below(10) === 0;
  await lab.control('faults', {
    frozenExtents: random.below(4) === 0 ? 'locked' : 'readable',
    changedAreas: {
      maxExtents: random.below(3) === 0 ? 1 + random.below(3) : 2000,
      maxLengthBytes: random.below(3) === 0 ? 65_536 * (1 + random.below(40)) : null,
      everything: random.below(12) === 0,
      omitFirst: isLying,
    },
  });
  const result = await vm.backUp(repository, expected.previous, { isRequested: isFullWanted });
  const [disk] = result.manifest.disks;
  if (disk === undefined) throw new Error('no disk');
  expect(await hashOfPoint(repository, result.pointId)).toBe(await vm.hashAtSnapshot());

  const { readMode, fullReason, kind } = disk.transport;
  const reason = reasonOf(expected, isFullWanted);
  if (isLying && fullReason === 'verification-failed') expect(result.warnings).toHaveLength(1);
  else expect(fullReason).toBe(reason);
  expect(readMode).toBe(fullReason === undefined ? 'changed-areas' : 'whole');
  const key = fullReason ?? `incremental, ${kind}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);

  expected.previous = result.pointId;
  expected.wasTracked = disk.changeId !== undefined;
  expect(expected.wasTracked).toBe(expected.isTracking);
  expected.isDistrusted = fullReason === 'verification-failed';
  expected.isLost = false;
  expected.hasGrown = false;
}

function reasonOf(expected: Expected, isFullWanted: boolean): string | undefined {
  if (expected.previous === undefined) return 'first-backup';
  if (expected.hasGrown) return 'capacity-changed';
  if (!expected.isTracking) return 'tracking-off';
  if (!expected.wasTracked) return 'previous-untracked';
  if (expected.isLost) return 'tracking-reset';
  if (expected.isDistrusted) return 'verification-failed';
  if (expected.isUnusable) return 'file-fault';
  return isFullWanted ? 'requested' : undefined;
}
