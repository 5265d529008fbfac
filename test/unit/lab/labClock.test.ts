import { expect, test } from 'vitest';
import { LabClock } from '../../../src/lab/labClock.ts';
import { anySignal } from '../../support/anySignal.ts';
import { ManualClock } from '../../support/manualClock.ts';

const startAt = new Date('2026-01-01T00:00:00Z');

test('begins at the moment it is given, and goes at the pace of the machine', async () => {
  const machine = new ManualClock();
  const clock = new LabClock(machine, { startAt, isStill: false });
  await machine.advance(1500);
  expect(clock.now().toISOString()).toBe('2026-01-01T00:00:01.500Z');
  expect(clock.monotonicMs()).toBe(1500);
});

test.each([false, true])('time that is told to pass wakes who waits for it, still: %s', async isStill => {
  const clock = new LabClock(new ManualClock(), { startAt, isStill });
  const woken: string[] = [];
  const wait = async (name: string, durationMs: number) => {
    await clock.sleep(durationMs, anySignal);
    woken.push(name);
  };
  const waiting = [wait('second', 2000), wait('first', 1000), wait('later', 10_000)];
  clock.advance(5000);
  await Promise.all(waiting.slice(0, 2));
  expect(woken).toEqual(['first', 'second']);
  expect(clock.now().toISOString()).toBe('2026-01-01T00:00:05.000Z');
  clock.advance(5000);
  await Promise.all(waiting);
  expect(woken).toEqual(['first', 'second', 'later']);
});

test('while it stands still, the machine’s time wakes nobody', async () => {
  const machine = new ManualClock();
  const clock = new LabClock(machine, { startAt, isStill: true });
  let isAwake = false;
  const waiting = clock.sleep(1000, anySignal).then(() => (isAwake = true));
  await machine.advance(60_000);
  expect({ isAwake, now: clock.now() }).toEqual({ isAwake: false, now: startAt });
  clock.advance(1000);
  await waiting;
});

test.each([false, true])('who is cancelled does not wait, still: %s', async isStill => {
  const clock = new LabClock(new ManualClock(), { startAt: undefined, isStill });
  const controller = new AbortController();
  const waiting = clock.sleep(1000, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(clock.sleep(0, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
});
