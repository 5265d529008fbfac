import { EventEmitter } from 'vscode';
import { expect, test } from 'vitest';

import { WorkerReporter } from '../../../src/host/workerReporter.ts';
import type { WorkerDto } from '../../../src/protocol/handshake.ts';
import type { JobDto } from '../../../src/protocol/job.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { ScriptedUi } from '../../support/scriptedUi.ts';

const job: JobDto = {
  ...{ id: '1', kind: 'backup', object: 'web01', state: 'running', phase: '', doneBytes: 0 },
  startedAt: '2026-03-01T12:00:00Z',
};

function fixture() {
  const lost = new EventEmitter<readonly JobDto[]>();
  const connected = new EventEmitter<WorkerDto>();
  const ui = new ScriptedUi([]);
  const clock = new ManualClock();
  const jobView = { message: undefined as string | undefined };
  let refreshes = 0;
  const reporter = new WorkerReporter({
    jobs: { onDidLoseWorker: lost.event },
    worker: { onDidConnect: connected.event },
    jobView: jobView as { message?: string },
    ui,
    log: { ...silentLogger, show: () => undefined } as never,
    clock,
    refresh: () => (refreshes += 1),
  });
  const connect = () => {
    connected.fire({ productVersion: '1', processId: 1, startedAt: '', isOutdated: false });
  };
  return { lost, connect, ui, clock, jobView, reporter, refreshes: () => refreshes };
}

test('a worker that took jobs along is warned of, and what is shown waits for the user', () => {
  const { lost, connect, ui, jobView, refreshes } = fixture();
  connect();
  lost.fire([job]);
  expect(ui.told).toMatchObject([{ severity: 'warning', message: /Its jobs have stopped/ }]);
  expect(jobView.message).toMatch(/Its jobs have stopped/);
  expect(refreshes()).toBe(0);
  connect();
  expect(jobView.message).toBe('');
});

test('one that had no jobs is followed by the next without a warning, but not for ever', async () => {
  const { lost, connect, ui, clock, refreshes } = fixture();
  for (let round = 0; round < 5; round += 1) {
    connect();
    lost.fire([]);
  }
  expect(ui.told).toEqual([]);
  expect(refreshes()).toBe(3);
  await clock.advance(60_000);
  lost.fire([]);
  expect(refreshes()).toBe(4);
});

test('after its disposal nothing is told', () => {
  const { lost, ui, reporter, refreshes } = fixture();
  reporter.dispose();
  lost.fire([job]);
  lost.fire([]);
  expect([ui.told, refreshes()]).toEqual([[], 0]);
});
