import { expect, test } from 'vitest';

import { KiB } from '../../../../src/base/units.ts';
import { DiskStore } from '../../../../src/lab/disk/diskStore.ts';
import type { VersionedDisk } from '../../../../src/lab/disk/versionedDisk.ts';
import { GuestActivity } from '../../../../src/lab/guest/guestActivity.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const sizeBytes = 1024 * KiB;
const extents = [
  { startBytes: 512 * KiB, lengthBytes: 64 * KiB },
  { startBytes: 128 * KiB, lengthBytes: 32 * KiB },
];

async function contentOf(disk: VersionedDisk): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  await disk.readAt(disk.position, 0, bytes);
  return bytes;
}

/** Lets a guest be active for some rounds. */
async function active(
  seed: number,
  rounds: number,
  running = true,
): Promise<{ content: Uint8Array; position: number }> {
  await using store = new DiskStore(temporaryFolder('guest'));
  const disk = await store.blank('disk', sizeBytes);
  const clock = new ManualClock();
  const options = {
    clock,
    seed,
    intervalMs: 400,
    enabled: true,
    disks: [{ disk, extents, running: () => running }],
  };
  const stop = new AbortController();
  const run = new GuestActivity(options).run(stop.signal);
  for (let round = 1; round < rounds; round += 1) {
    while (clock.sleeperCount === 0) await new Promise(resolve => setImmediate(resolve));
    await clock.advance(400);
  }
  while (clock.sleeperCount === 0) await new Promise(resolve => setImmediate(resolve));
  stop.abort();
  await run;
  return { content: await contentOf(disk), position: disk.position };
}

test('the same seed does the same, another does something else', async () => {
  const [one, same, other] = [await active(3, 10), await active(3, 10), await active(4, 10)];
  expect(one.position).toBeGreaterThanOrEqual(10);
  expect(Buffer.compare(one.content, same.content)).toBe(0);
  expect(Buffer.compare(one.content, other.content)).not.toBe(0);
});

test('writes stay inside the blocks of the file', async () => {
  const { content } = await active(5, 60);
  for (let offset = 0; offset < sizeBytes; offset += 1) {
    if (content[offset] === 0) continue;
    const inside = extents.some(
      ({ startBytes, lengthBytes }) => offset >= startBytes && offset < startBytes + lengthBytes,
    );
    expect(inside, `byte ${offset} was written`).toBe(true);
  }
});

test('a guest that does not run writes nothing', async () => {
  expect((await active(3, 5, false)).position).toBe(0);
});

test.each([
  [
    'from the second extent on into the first',
    { bytes: 40 * KiB, offset: 80 * KiB, scattered: false },
    [128 + 16, 128 + 32, 512, 512 + 24],
  ],
  [
    'no more than the file has',
    { bytes: 999 * KiB, offset: 0, scattered: false },
    [128, 128 + 32, 512, 512 + 64],
  ],
])('a burst goes through the file, extent by extent: %s', async (_, burst, [a = 0, b = 0, c = 0, d = 0]) => {
  await using store = new DiskStore(temporaryFolder('guest'));
  const disk = await store.blank('disk', sizeBytes);
  const options = { clock: new ManualClock(), seed: 1, intervalMs: 400, enabled: false };
  const activity = new GuestActivity({ ...options, disks: [{ disk, extents, running: () => false }] });
  expect(await activity.burst(disk, burst)).toBe(true);
  const content = await contentOf(disk);
  const blocks = Array.from({ length: sizeBytes / (4 * KiB) }, (__, block) =>
    content.subarray(block * 4 * KiB, (block + 1) * 4 * KiB).some(byte => byte !== 0),
  );
  const expected = blocks.map((__, block) => {
    const kibibyte = block * 4;
    return (kibibyte >= a && kibibyte < b) || (kibibyte >= c && kibibyte < d);
  });
  expect(blocks).toEqual(expected);
});
