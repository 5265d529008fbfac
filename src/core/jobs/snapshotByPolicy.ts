import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConsistencyLevel } from '../consistency/level.ts';
import {
  firstStep,
  type LevelDowngrade,
  limitOf,
  type SnapshotRequest,
  stepAfterFailure,
  stepDown,
} from '../consistency/request/requestSnapshot.ts';
import { describeCall, type QuiesceSpec, type SnapshotCall } from '../consistency/request/snapshotCall.ts';
import type { QuiesceRequest } from '../snapshot/createSnapshot.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import type { SnapshotEvents } from './snapshotEvents.ts';

/** Asks a person whether less is good enough. False also if nobody answers. */
export type AskForLess = (downgrade: LevelDowngrade, signal: AbortSignal) => Promise<boolean>;

export interface PolicyDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly askForLess: AskForLess;
  /** The server's events around each attempt. */
  readonly events: Pick<SnapshotEvents, 'begin' | 'complaint'>;
  /** Told before each attempt and each wait, as a person reads it. */
  readonly onPhase: (phase: string) => void;
}

/** One call for a snapshot, and what came of it. */
export interface SnapshotAttempt {
  readonly level: ConsistencyLevel;
  /** The call in one line. */
  readonly call: string;
  /** By the clock of this computer. */
  readonly at: Date;
  /** The server's words; undefined for the one that succeeded. */
  readonly problem: string | undefined;
}

/** How a snapshot came about. */
export interface RequestHistory {
  /** What the call that succeeded has asked for. */
  readonly level: ConsistencyLevel;
  /** Each step down, in order. */
  readonly downgrades: readonly LevelDowngrade[];
  readonly attempts: readonly SnapshotAttempt[];
}

/**
 * Takes a snapshot as the policy wants it: tries again what may pass, steps down as far as allowed, and keeps a record of
 * every step.
 * @param take  asks the server once; a refusal is a VimFaultError
 * @throws QUIESCE_FAILED if the policy allows no less; whatever `take` throws if it has nothing to do with quiescing
 */
export async function snapshotByPolicy<Snapshot>(
  vmName: string,
  request: SnapshotRequest,
  take: (quiesce: QuiesceRequest) => Promise<Snapshot>,
  deps: PolicyDeps,
  signal: AbortSignal,
): Promise<RequestHistory & { readonly snapshot: Snapshot }> {
  const { clock, logger, onPhase } = deps;
  const attempts: SnapshotAttempt[] = [];
  let refusal: VimFaultError | undefined;
  let step = firstStep(request);
  for (;;) {
    const { level, downgrades } = step.state;
    switch (step.kind) {
      case 'fail':
        throw explained(refusal, vmName, step.reason) ?? outOfReach(vmName, request, step.reason);
      case 'ask': {
        const { downgrade } = step;
        onPhase('Waiting for an answer');
        if (!(await deps.askForLess(downgrade, signal)))
          throw explained(refusal, vmName, downgrade.reason) ?? outOfReach(vmName, request, downgrade.reason);
        step = stepDown(request, step.state, downgrade);
        break;
      }
      case 'attempt': {
        const { call, afterMs } = step;
        if (afterMs > 0) onPhase(`Waiting to try again: ${attempts.at(-1)?.problem ?? ''}`);
        await clock.sleep(afterMs, signal);
        onPhase(asksGuest(call) ? 'Taking a quiesced snapshot' : 'Taking a snapshot');
        const attempt = { level, call: describeCall(call), at: clock.now() };
        try {
          await deps.events.begin(signal);
          const snapshot = await take(quiesceRequest(call));
          return { snapshot, level, downgrades, attempts: [...attempts, { ...attempt, problem: undefined }] };
        } catch (error) {
          if (signal.aborted || !(error instanceof VimFaultError)) throw error;
          refusal = error;
          const problem = [wordsOf(error), await deps.events.complaint(signal)].filter(Boolean).join(' ');
          attempts.push({ ...attempt, problem });
          logger.warn('the snapshot was refused', { vm: vmName, level, problem });
          step = stepAfterFailure(request, step.state, { fault: error.faultType, text: problem });
        }
        break;
      }
      default:
        never(step);
    }
  }
}

function wordsOf({ serverMessage, faultType }: VimFaultError): string {
  return serverMessage.trim() === '' ? faultType : serverMessage.trim();
}

/** The refusal with what the events say of it. */
function explained(refusal: VimFaultError | undefined, vmName: string, reason: string): AppError | undefined {
  if (refusal === undefined || reason === wordsOf(refusal)) return refusal;
  return new AppError(refusal.code, `${vmName}: creating the snapshot failed: ${reason.replace(/\.$/, '')}`, {
    object: vmName,
    ...(refusal.remedy !== undefined && { remedy: refusal.remedy }),
    cause: refusal,
  });
}

/** Nothing was asked of the server: rules say that it would be in vain. */
function outOfReach(vmName: string, { policy, assessment }: SnapshotRequest, reason: string): AppError {
  const { level } = assessment;
  const remedy = limitOf(assessment)?.remedy;
  if (level === 'none')
    return new AppError('CONFLICT', `${vmName} cannot be snapshotted: ${reason}`, {
      object: vmName,
      ...(remedy !== undefined && { remedy }),
    });
  const message = `${vmName}: ${policy.minimum} consistency is the minimum, and ${level} is what it can reach: ${reason}`;
  return new AppError('QUIESCE_FAILED', message, {
    object: vmName,
    remedy: `${remedy === undefined ? '' : `${remedy.replace(/\.$/, '')}, or `}accept a lower level`,
  });
}

function asksGuest(call: SnapshotCall): boolean {
  return call.operation === 'CreateSnapshotEx_Task' || call.quiesce;
}

function quiesceRequest(call: SnapshotCall): QuiesceRequest {
  if (call.operation === 'CreateSnapshot_Task') return { kind: call.quiesce ? 'tools' : 'none' };
  return { kind: 'specified', spec: specOf(call.spec) };
}

function specOf(spec: QuiesceSpec): Extract<QuiesceRequest, { kind: 'specified' }>['spec'] {
  const timeout = spec.timeoutMinutes === undefined ? {} : { timeout: spec.timeoutMinutes };
  if (spec.guest === 'any') return { _type: 'VirtualMachineGuestQuiesceSpec', ...timeout };
  const { vssBackupType, vssBackupContext, vssBootableSystemState, vssPartialFileSupport } = spec;
  return {
    ...{ _type: 'VirtualMachineWindowsQuiesceSpec', ...timeout },
    ...{ vssBackupType, vssBackupContext, vssBootableSystemState, vssPartialFileSupport },
  };
}
