import { describe, expect, test } from 'vitest';

import { type Bottleneck, bottleneckOf, noWaits } from '../../../src/base/waits.ts';
import { WaitMeter } from '../../../src/base/waitMeter.ts';
import { DiskProgress } from '../../../src/core/jobs/backupVm/diskProgress.ts';
import type { Progress } from '../../../src/base/progress.ts';
import { ManualClock } from '../../support/manualClock.ts';

describe('what keeps a pipeline from being faster', () => {
  test.each<[Bottleneck | undefined, string, number, number, number]>([
    [undefined, 'nothing was waited for', 0, 0, 0],
    [undefined, 'little was waited for', 200, 20, 20],
    ['source', 'most was waited for what is read', 3000, 1000, 500],
    ['cpu', 'most was waited for hashing and sealing', 100, 900, 100],
    ['target', 'most was waited for room', 400, 300, 900],
    ['source', 'exactly half', 500, 250, 250],
    [undefined, 'nobody is half of it', 400, 350, 350],
  ])('%s: %s', (expected, _, sourceMs, cpuMs, targetMs) => {
    expect(bottleneckOf({ sourceMs, cpuMs, targetMs })).toBe(expected);
  });

  test('only the last seconds count, and a new operation begins anew', async () => {
    const clock = new ManualClock();
    const meter = new WaitMeter(clock);
    let waits = noWaits;
    const second = async (change: Partial<typeof noWaits>) => {
      await clock.advance(1000);
      waits = { ...waits, ...change };
      meter.update(waits);
    };
    meter.update(waits);
    for (let at = 1; at <= 12; at += 1) await second({ sourceMs: at * 900 });
    expect(meter.bottleneck()).toBe('source');
    for (let at = 1; at <= 12; at += 1) await second({ targetMs: at * 900 });
    expect(meter.bottleneck()).toBe('target');
    meter.update(noWaits);
    expect(meter.bottleneck()).toBeUndefined();
    meter.update(undefined);
    expect(meter.bottleneck()).toBeUndefined();
  });
});

/** Storing a disk of ten chunks, each of which takes so long to come and to be stored. */
async function waitsOf(readMs: number, storeMs: number, roomWaitMs: number) {
  const clock = new ManualClock();
  const told: Progress[] = [];
  const progress = new DiskProgress('Reading', one => told.push(one), clock);
  async function* chunks() {
    for (let index = 0; index < 10; index += 1) {
      await clock.advance(readMs);
      yield index;
    }
  }
  async function* stored() {
    for await (const index of progress.read(chunks())) {
      await clock.advance(storeMs);
      yield { index, roomWaitMs };
    }
  }
  for await (const { index } of progress.stored(stored())) progress.tell(index + 1, 10);
  return told.at(-1)?.waits;
}

test.each([
  [[100, 10, 0], { sourceMs: 1000, cpuMs: 100, targetMs: 0 }],
  [[10, 100, 0], { sourceMs: 100, cpuMs: 1000, targetMs: 0 }],
  [[10, 100, 90], { sourceMs: 100, cpuMs: 100, targetMs: 900 }],
  // What others have waited for meanwhile is not waited for twice.
  [[10, 100, 500], { sourceMs: 100, cpuMs: 0, targetMs: 1000 }],
])('chunks that take %j ms are waited for where they are', async ([read, store, room], expected) => {
  expect(await waitsOf(read!, store!, room!)).toEqual(expected);
});
