import { never } from '../../../base/assert.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { Random } from '../../../base/random.ts';
import { readVirtualMachine } from '../../inventory/readVirtualMachine.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import { openSnapshot } from '../../snapshot/snapshotLease.ts';
import { requirePrivileges } from '../../vsphere/privileges/requirePrivileges.ts';
import { watchObject } from '../../vsphere/propertyWatch.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { waitForTask } from '../../vsphere/task.ts';
import { hasFinding, privilegesFor, type RemedyPlan, type RemedyStep } from './remedyPlan.ts';

export interface RemedyDeps {
  /** Names the job in a snapshot that it takes, one word. */
  readonly job: string;
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RemedyResult {
  /** Read anew: the rule finds nothing any more. */
  readonly isGone: boolean;
}

/** A guest that has not shut down by then waits for something, an update or a person. */
const shutdownTimeoutMs = 10 * 60_000;
const powerOnTimeoutMs = 10 * 60_000;
const snapshotValidForMs = 60 * 60_000;

/**
 * Carries out the plan. A guest that was shut down for it is powered on again whatever happens in between.
 * @throws PERMISSION, before anything is done, naming what the account lacks for any of the steps; CONFLICT if the guest
 *   does not shut down; what the server says
 */
export async function executeRemedy(
  session: VimSession,
  plan: RemedyPlan,
  deps: RemedyDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RemedyResult> {
  await requirePrivileges(session, plan.vm, privilegesFor(plan), 'apply the remedy', signal);
  let isShutDown = false;
  try {
    for (const step of plan.steps) {
      signal.throwIfAborted();
      onProgress({ phase: phaseOf(step), doneBytes: 0, totalBytes: undefined });
      await doStep(session, plan, step, deps, signal);
      if (step.kind === 'shut-down-guest') isShutDown = true;
      if (step.kind === 'power-on') isShutDown = false;
    }
  } finally {
    if (isShutDown) await powerOn(session, plan, AbortSignal.timeout(powerOnTimeoutMs));
  }
  const { vm, rule } = plan;
  return { isGone: !hasFinding(await readVirtualMachine(session, vm, signal), rule) };
}

async function doStep(
  session: VimSession,
  plan: RemedyPlan,
  step: RemedyStep,
  deps: RemedyDeps,
  signal: AbortSignal,
): Promise<void> {
  const { vm } = plan;
  switch (step.kind) {
    case 'shut-down-guest':
      await shutDownGuest(session, plan, signal);
      return;
    case 'power-on':
      await powerOn(session, plan, signal);
      return;
    case 'reconfigure': {
      const task = await session.call('ReconfigVM_Task', vm.ref, { spec: step.spec }, signal);
      await ended(session, plan, task, 'changing the settings', signal);
      return;
    }
    case 'consolidate': {
      const task = await session.call('ConsolidateVMDisks_Task', vm.ref, {}, signal);
      await ended(session, plan, task, 'consolidating the disks', signal);
      return;
    }
    case 'snapshot-and-remove': {
      const name = `Quiesce change tracking ${deps.clock.now().toISOString()}`;
      const options = {
        name,
        job: deps.job,
        quiesce: { kind: 'none' },
        validForMs: snapshotValidForMs,
      } as const;
      await using snapshot = await openSnapshot(session, vm, options, deps, signal);
      deps.logger.info('changed block tracking begins with this snapshot', { snapshot: snapshot.token });
      return;
    }
    default:
      never(step);
  }
}

async function ended(
  session: VimSession,
  { vm }: RemedyPlan,
  task: MoRef,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  await waitForTask(session, task, { what, object: vm.name }, signal);
}

async function powerOn(session: VimSession, plan: RemedyPlan, signal: AbortSignal): Promise<void> {
  const task = await session.call('PowerOnVM_Task', plan.vm.ref, {}, signal);
  await ended(session, plan, task, 'powering on', signal);
}

/** The call only asks; the guest takes its time. */
async function shutDownGuest(session: VimSession, { vm }: RemedyPlan, signal: AbortSignal): Promise<void> {
  await session.call('ShutdownGuest', vm.ref, {}, signal);
  const deadline = AbortSignal.timeout(shutdownTimeoutMs);
  const waiting = AbortSignal.any([signal, deadline]);
  try {
    const paths = ['runtime.powerState'] as const;
    for await (const seen of watchObject(session, 'VirtualMachine', vm.ref, paths, waiting))
      if (seen['runtime.powerState'] === 'poweredOff') return;
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
  }
  throw new AppError('CONFLICT', `${vm.name}: the guest has not shut down`, {
    object: vm.name,
    remedy: 'Look at its console, shut it down, then try again',
  });
}

function phaseOf({ kind }: RemedyStep): string {
  switch (kind) {
    case 'shut-down-guest':
      return 'Shutting the guest down';
    case 'reconfigure':
      return 'Changing the settings';
    case 'consolidate':
      return 'Consolidating the disks';
    case 'snapshot-and-remove':
      return 'Taking a snapshot and removing it';
    case 'power-on':
      return 'Powering on';
    default:
      return never(kind);
  }
}
