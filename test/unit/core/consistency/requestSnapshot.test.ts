import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assess } from '../../../../src/core/consistency/assess.ts';
import { compareLevels, consistencyLevels } from '../../../../src/core/consistency/level.ts';
import { type ConsistencyPolicy, defaultPolicy } from '../../../../src/core/consistency/request/policy.ts';
import {
  firstStep,
  type RequestStep,
  type SnapshotRequest,
  stepAfterFailure,
  stepDown,
} from '../../../../src/core/consistency/request/requestSnapshot.ts';
import { type CallFacts, snapshotCall } from '../../../../src/core/consistency/request/snapshotCall.ts';
import { linuxGuest, perfectServer } from '../../../support/assessmentFacts.ts';

const server2022: CallFacts = {
  knowsSpecs: true,
  guestFamily: 'windows',
  toolsVersion: 12_448,
  powerState: 'poweredOn',
};
const linux: CallFacts = { ...server2022, guestFamily: 'linux' };
const windowsSpec = {
  guest: 'windows',
  timeoutMinutes: undefined,
  vssBackupType: 5,
  vssBackupContext: 'ctx_auto',
  vssBootableSystemState: true,
  vssPartialFileSupport: false,
};

describe('the call', () => {
  test.each([
    ['application, Windows', 'application', server2022, 'CreateSnapshotEx_Task', windowsSpec],
    [
      'file systems, Windows',
      'filesystem',
      server2022,
      'CreateSnapshotEx_Task',
      { ...windowsSpec, vssBackupContext: 'ctx_file_share_backup' },
    ],
    [
      'file systems, Linux',
      'filesystem',
      linux,
      'CreateSnapshotEx_Task',
      { guest: 'any', timeoutMinutes: undefined },
    ],
    ['an old server', 'application', { ...server2022, knowsSpecs: false }, 'CreateSnapshot_Task', true],
    [
      'Windows with old Tools',
      'application',
      { ...server2022, toolsVersion: 10_249 },
      'CreateSnapshot_Task',
      true,
    ],
    [
      'Windows, Tools unknown',
      'application',
      { ...server2022, toolsVersion: undefined },
      'CreateSnapshot_Task',
      true,
    ],
    ['crash', 'crash', server2022, 'CreateSnapshot_Task', false],
    [
      'a VM that is off',
      'application',
      { ...server2022, powerState: 'poweredOff' },
      'CreateSnapshot_Task',
      false,
    ],
  ] as const)('for %s', (_, level, facts, operation, details) => {
    const call = snapshotCall(level, defaultPolicy, facts);
    expect([call.operation, call.operation === 'CreateSnapshot_Task' ? call.quiesce : call.spec]).toEqual([
      operation,
      details,
    ]);
  });

  test.each([
    [1, 5],
    [30, 30],
    [900, 240],
  ])('a time-out of %d minutes is asked for as %d', (timeoutMinutes, asked) => {
    expect(snapshotCall('filesystem', { ...defaultPolicy, timeoutMinutes }, linux)).toMatchObject({
      spec: { timeoutMinutes: asked },
    });
  });

  test('a full backup, which truncates logs, only where the policy says so', () => {
    expect(
      snapshotCall('application', { ...defaultPolicy, vssBackupType: 'full' }, server2022),
    ).toMatchObject({
      spec: { vssBackupType: 1 },
    });
  });
});

const quiesceFault = { fault: 'ApplicationQuiesceFault', text: 'Failed to quiesce the virtual machine.' };

function request(
  change: Partial<ConsistencyPolicy> = {},
  hasUser = false,
  facts = server2022,
): SnapshotRequest {
  const assessment = assess(facts.guestFamily === 'linux' ? linuxGuest() : perfectServer());
  return { policy: { ...defaultPolicy, ...change }, facts, assessment, hasUser };
}

/** Every step down to the end, as short words; a question is answered with yes. */
function walk(asked: SnapshotRequest, failure = quiesceFault): string[] {
  const words: string[] = [];
  let step: RequestStep = firstStep(asked);
  for (let count = 0; count < 20; count += 1) {
    words.push(`${step.kind} ${step.state.level}`);
    if (step.kind === 'fail') return words;
    step =
      step.kind === 'ask'
        ? stepDown(asked, step.state, step.downgrade)
        : stepAfterFailure(asked, step.state, failure);
  }
  throw new Error('it never ends');
}

describe('the sequence of attempts', () => {
  test.each([
    ['no shortfall taken', request(), ['attempt application', 'attempt filesystem', 'fail filesystem']],
    [
      'a minimum of application',
      request({ minimum: 'application' }),
      ['attempt application', 'fail application'],
    ],
    [
      'crash is good enough',
      request({ minimum: 'crash' }),
      ['attempt application', 'attempt filesystem', 'attempt crash', 'fail crash'],
    ],
    [
      'step down',
      request({ minimum: 'application', onShortfall: 'step-down' }),
      ['attempt application', 'attempt filesystem', 'attempt crash', 'fail crash'],
    ],
    [
      'ask, with a user',
      request({ onShortfall: 'ask' }, true),
      ['attempt application', 'attempt filesystem', 'ask filesystem', 'attempt crash', 'fail crash'],
    ],
    [
      'ask, without a user, means fail',
      request({ onShortfall: 'ask' }),
      ['attempt application', 'attempt filesystem', 'fail filesystem'],
    ],
    [
      'Linux: what it cannot reach is not tried',
      request({}, false, linux),
      ['attempt filesystem', 'fail filesystem'],
    ],
  ] as const)('%s', (_, asked, words) => {
    expect(walk(asked)).toEqual(words);
  });

  test('what is known to be out of reach is not tried, and asked for only where the policy insists', () => {
    const assessment = assess(perfectServer({ diskUuidEnabled: false }));
    expect(firstStep({ ...request(), assessment })).toMatchObject({
      kind: 'attempt',
      state: { level: 'filesystem', downgrades: [] },
    });
    const step = firstStep({
      ...request({ minimum: 'application', onShortfall: 'step-down' }),
      assessment,
    });
    expect(step.state.downgrades).toEqual([
      { from: 'application', to: 'filesystem', reason: 'The guest does not see the UUIDs of its disks' },
    ]);
  });

  test('a VM that cannot be snapshotted is not tried at all', () => {
    const asked = {
      ...request({ onShortfall: 'step-down' }),
      assessment: assess(perfectServer({ supportsSnapshots: false })),
    };
    expect(firstStep(asked)).toMatchObject({ kind: 'fail', reason: 'This VM does not support snapshots' });
  });

  test('a failure that is not about quiescing ends it: a weaker snapshot would fail as well', () => {
    const failure = { fault: 'TooManySnapshotLevels', text: 'Too many levels' };
    expect(walk(request({ minimum: 'crash' }), failure)).toEqual(['attempt application', 'fail application']);
  });

  test.each([
    [{ fault: 'TaskInProgress', text: 'Another task is already in progress' }, 4, 15_000],
    [{ fault: 'ApplicationQuiesceFault', text: 'Quiesce operation already in progress.' }, 2, 60_000],
    [{ fault: 'ApplicationQuiesceFault', text: 'VMware Tools is not currently available' }, 2, 60_000],
  ])('%j is tried %d times, %d ms apart', (failure, times, delayMs) => {
    const asked = request({ minimum: 'application' });
    const steps: RequestStep[] = [firstStep(asked)];
    while (steps.at(-1)!.kind === 'attempt')
      steps.push(stepAfterFailure(asked, steps.at(-1)!.state, failure));
    const attempts = steps.flatMap(step => (step.kind === 'attempt' ? [step.afterMs] : []));
    expect(attempts).toEqual([0, ...Array<number>(times - 1).fill(delayMs)]);
  });

  test('every way down is recorded step by step, and without consent never goes below the minimum', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...consistencyLevels.slice(1)),
        fc.constantFrom(...consistencyLevels.slice(1)),
        fc.constantFrom('fail' as const, 'step-down' as const, 'ask' as const),
        (wanted, minimum, onShortfall) => {
          fc.pre(compareLevels(minimum, wanted) <= 0);
          const asked = request({ wanted, minimum, onShortfall });
          let step = firstStep(asked);
          while (step.kind === 'attempt') {
            const { level, downgrades } = step.state;
            expect([wanted, ...downgrades.map(({ to }) => to)]).toEqual([
              ...downgrades.map(({ from }) => from),
              level,
            ]);
            if (onShortfall !== 'step-down' && level !== wanted)
              expect(compareLevels(level, minimum)).toBeGreaterThanOrEqual(0);
            step = stepAfterFailure(asked, step.state, quiesceFault);
          }
          expect(step.kind).toBe('fail');
        },
      ),
    );
  });
});
