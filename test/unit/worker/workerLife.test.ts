import { expect, test } from 'vitest';
import type { JobRegistry } from '../../../src/worker/jobRegistry.ts';
import { WorkerLife } from '../../../src/worker/workerLife.ts';
import { ManualClock } from '../../support/manualClock.ts';

const farewellMs = 1000;

/** A life whose jobs are counted by the test. */
function living(options: { readonly idleTimeoutMs?: number; readonly clientCount?: number } = {}) {
  const clock = new ManualClock();
  const jobs = { runningCount: 0 };
  const { idleTimeoutMs = 60_000, clientCount = 1 } = options;
  const life = new WorkerLife({
    clock,
    jobs: jobs as unknown as JobRegistry,
    idleTimeoutMs,
    clientCount: () => clientCount,
  });
  const state = { hasEnded: false };
  void life.ended().then(() => {
    state.hasEnded = true;
  });
  return { clock, jobs, life, state };
}

// Whenever between two looks the job ends: its clients hear of it and ask what it has left.
test.each([1, 500, 999])(
  'one that makes room stays a while after its last job, which ended %i ms after a look',
  async endedMs => {
    const { clock, jobs, life, state } = living();
    jobs.runningCount = 1;
    life.retire();
    await clock.advance(5000 + endedMs);
    jobs.runningCount = 0;
    await clock.advance(farewellMs);
    expect(state.hasEnded).toBe(false);
    await clock.advance(2 * farewellMs);
    expect(state.hasEnded).toBe(true);
  },
);

test('one that makes room and has no jobs ends soon, clients or not', async () => {
  const { clock, life, state } = living();
  life.retire();
  await clock.advance(farewellMs);
  expect(state.hasEnded).toBe(true);
});

test('without clients and jobs it ends after its time', async () => {
  const { clock, jobs, state } = living({ idleTimeoutMs: 10_000, clientCount: 0 });
  jobs.runningCount = 1;
  await clock.advance(30_000);
  jobs.runningCount = 0;
  await clock.advance(9000);
  expect(state.hasEnded).toBe(false);
  await clock.advance(3000);
  expect(state.hasEnded).toBe(true);
});
