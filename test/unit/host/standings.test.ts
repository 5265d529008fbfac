import { EventEmitter } from 'vscode';
import { expect, test } from 'vitest';

import { AppError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Standings } from '../../../src/host/standings.ts';
import type { JobDto } from '../../../src/protocol/job.ts';
import { listStandings, type StandingDto } from '../../../src/protocol/recovery.ts';
import { FakeWorker } from '../../support/fakeWorker.ts';
import { ManualClock } from '../../support/manualClock.ts';

const met: StandingDto = {
  vmId: 'vm-1',
  goal: { goal: { minimumLevel: 'crash', maxAgeMs: 3_600_000 }, setBy: 'kim', setAt: '' },
  ...{ state: 'met', gaps: [], acceptances: [], expired: [] },
  recoveryTime: { kind: 'unknown', why: '' },
};
const missed: StandingDto = { ...met, state: 'gap', gaps: [{ kind: 'age', text: 'too old' }] };

function fixture() {
  const clock = new ManualClock();
  const state = { standings: [met], failure: undefined as AppError | undefined };
  const [goals, lost] = [new EventEmitter<void>(), new EventEmitter<void>()];
  const finished = new EventEmitter<JobDto>();
  const worker = new FakeWorker().on(listStandings, () => {
    if (state.failure !== undefined) throw state.failure;
    return { standings: state.standings, problems: [] };
  });
  const standings = new Standings({
    worker: Object.assign(worker, { onDidChangeGoals: goals.event, onDidLose: lost.event }),
    jobs: { onDidFinish: finished.event },
    ...{ clock, logger: silentLogger },
  });
  let changes = 0;
  standings.onDidChange(() => {
    changes += 1;
  });
  const stateOf = () => standings.of('vc').get('vm-1')?.state;
  return { clock, state, standings, worker, goals, lost, finished, stateOf, changes: () => changes };
}

test('what was green is not green any more once time has passed, although nothing has happened', async () => {
  const { clock, state, standings, stateOf, changes } = fixture();
  await standings.follow('vc');
  expect(stateOf()).toBe('met');
  await clock.advance(60_000);
  expect(changes()).toBe(1);
  state.standings = [missed];
  await clock.advance(60_000);
  expect([stateOf(), changes()]).toEqual(['gap', 2]);
  standings.dispose();
});

test('a goal that is set and a job that ends are looked at at once', async () => {
  const { state, standings, goals, finished, stateOf, changes } = fixture();
  await standings.follow('vc');
  state.standings = [missed];
  goals.fire();
  await expect.poll(stateOf).toBe('gap');
  state.standings = [met];
  finished.fire({} as JobDto);
  await expect.poll(stateOf).toBe('met');
  await expect.poll(changes).toBe(3);
});

test('what cannot be told is not green, and nobody starts a worker only to ask', async () => {
  const { clock, state, standings, worker, lost, stateOf } = fixture();
  await standings.follow('vc');
  state.failure = new AppError('UNREACHABLE', 'the share is away');
  await standings.follow('vc');
  expect(stateOf()).toBeUndefined();
  state.failure = undefined;
  await standings.follow('vc');
  lost.fire();
  const asked = worker.asked.length;
  await clock.advance(300_000);
  expect([worker.asked.length, stateOf()]).toEqual([asked, undefined]);
});
