import { describe, expect, test } from 'vitest';

import { assess } from '../../../../src/core/consistency/assess.ts';
import { type ConsistencyPolicy, defaultPolicy } from '../../../../src/core/consistency/request/policy.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { snapshotByPolicy } from '../../../../src/core/jobs/snapshotByPolicy.ts';
import type { QuiesceRequest } from '../../../../src/core/snapshot/createSnapshot.ts';
import { vimFault } from '../../../../src/core/vsphere/faults.ts';
import type { AssessmentFacts } from '../../../../src/core/inventory/assessmentFacts.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { perfectServer } from '../../../support/assessmentFacts.ts';

const vss = "'VssSyncStart' operation failed: IDispatch error #8449 (0x80042301)";

/** Each word is a fault that the server answers with, in order; then it takes the snapshot. */
async function take(
  refusals: readonly (readonly [fault: string, message: string])[],
  change: Partial<ConsistencyPolicy> = {},
  consent?: boolean,
  facts: Partial<AssessmentFacts> = {},
  said?: string,
) {
  const asked: QuiesceRequest[] = [];
  const phases: string[] = [];
  const questions: string[] = [];
  const sleeps: number[] = [];
  const clock = {
    now: () => new Date(0),
    monotonicMs: () => 0,
    sleep: async (ms: number) => {
      if (ms > 0) sleeps.push(ms);
      await Promise.resolve();
    },
  };
  const request = {
    policy: { ...defaultPolicy, ...change },
    facts: {
      ...{ knowsSpecs: true, guestFamily: 'windows' as const, toolsVersion: 12_448 },
      powerState: 'poweredOn',
    },
    assessment: assess(perfectServer(facts)),
    hasUser: consent !== undefined,
  } as const;
  const outcome = await snapshotByPolicy(
    'sql01',
    request,
    async quiesce => {
      const refusal = refusals[asked.length];
      asked.push(quiesce);
      if (refusal !== undefined)
        throw vimFault({ _type: refusal[0] }, refusal[1], 'creating the snapshot', 'sql01');
      return await Promise.resolve('snapshot-1');
    },
    {
      clock,
      logger: silentLogger,
      askForLess: async ({ from, to }) => {
        questions.push(`${from} → ${to}`);
        return await Promise.resolve(consent === true);
      },
      events: {
        begin: async () => await Promise.resolve(),
        complaint: async () => await Promise.resolve(said),
      },
      onPhase: phase => phases.push(phase),
    },
    anySignal,
  ).catch((error: unknown) => error);
  return { outcome, asked, phases, questions, sleeps };
}

describe('a snapshot by policy', () => {
  test('asks Windows by its own specification, and keeps the call', async () => {
    const { outcome, asked } = await take([]);
    expect(asked).toEqual([
      {
        kind: 'specified',
        spec: {
          _type: 'VirtualMachineWindowsQuiesceSpec',
          ...{ vssBackupType: 5, vssBackupContext: 'ctx_auto' },
          ...{ vssBootableSystemState: true, vssPartialFileSupport: false },
        },
      },
    ]);
    expect(outcome).toMatchObject({
      snapshot: 'snapshot-1',
      level: 'application',
      downgrades: [],
      attempts: [{ call: 'CreateSnapshotEx_Task, Windows, ctx_auto, copy', problem: undefined }],
    });
  });

  test('steps down with the server’s words as the reason', async () => {
    const { outcome, phases } = await take([['ApplicationQuiesceFault', vss]]);
    expect(outcome).toMatchObject({
      level: 'filesystem',
      downgrades: [{ from: 'application', to: 'filesystem', reason: vss }],
      attempts: [
        { level: 'application', problem: vss },
        { level: 'filesystem', call: 'CreateSnapshotEx_Task, Windows, ctx_file_share_backup, copy' },
      ],
    });
    expect(phases).toEqual(['Taking a quiesced snapshot', 'Taking a quiesced snapshot']);
  });

  test('fails with the server’s own error where the policy allows no less', async () => {
    const { outcome, asked } = await take([['ApplicationQuiesceFault', vss]], { minimum: 'application' });
    expect(outcome).toMatchObject({
      code: 'QUIESCE_FAILED',
      message: expect.stringContaining(vss) as string,
    });
    expect(asked).toHaveLength(1);
  });

  test('asks the events for what the fault does not tell', async () => {
    const seeLog = 'See the virtual machine’s event log for details.';
    const { outcome } = await take([['ApplicationQuiesceFault', seeLog]], {}, undefined, {}, vss);
    expect(outcome).toMatchObject({ downgrades: [{ reason: `${seeLog} ${vss}` }] });
  });

  test('waits for what may pass before it steps down', async () => {
    const busy = ['TaskInProgress', 'Another task is already in progress.'] as const;
    const { outcome, sleeps } = await take([busy, busy]);
    expect([outcome, sleeps]).toMatchObject([{ level: 'application', downgrades: [] }, [15_000, 15_000]]);
  });

  test.each([
    [true, { level: 'filesystem', downgrades: [{ from: 'application', to: 'filesystem' }] }],
    [false, { code: 'QUIESCE_FAILED' }],
    [undefined, { code: 'QUIESCE_FAILED' }],
  ])('asks a person: %s', async (consent, expected) => {
    const policy = { minimum: 'application', onShortfall: 'ask' } as const;
    const { outcome, questions } = await take([['ApplicationQuiesceFault', vss]], policy, consent);
    expect(outcome).toMatchObject(expected);
    expect(questions).toEqual(consent === undefined ? [] : ['application → filesystem']);
  });

  test.each([
    [
      'below the minimum',
      { diskUuidEnabled: false },
      { minimum: 'application' },
      'QUIESCE_FAILED',
      /minimum.*UUIDs/,
    ],
    [
      'not at all',
      { supportsSnapshots: false },
      { onShortfall: 'step-down' },
      'CONFLICT',
      /does not support snapshots/,
    ],
  ] as const)('says why it did not even try: %s', async (_what, facts, policy, code, message) => {
    const { outcome, asked } = await take([], policy, undefined, facts);
    expect(outcome).toMatchObject({
      code,
      object: 'sql01',
      message: expect.stringMatching(message) as string,
      remedy: expect.any(String) as string,
    });
    expect(asked).toEqual([]);
  });

  test('an error that is no refusal ends it at once', async () => {
    const { outcome, asked } = await take([['TooManySnapshotLevels', 'Too many levels']], {
      minimum: 'crash',
    });
    expect(outcome).toMatchObject({ code: 'CONFLICT' });
    expect(asked).toHaveLength(1);
  });
});
