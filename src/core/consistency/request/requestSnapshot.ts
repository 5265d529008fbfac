import type { Assessment, Limit } from '../assess.ts';
import { compareLevels, type ConsistencyLevel, consistencyLevels, strongest, weakest } from '../level.ts';
import { tellsOfFailedQuiescing } from '../troubleshooting/quiesceMessages.ts';
import type { ConsistencyPolicy } from './policy.ts';
import { type CallFacts, type SnapshotCall, snapshotCall } from './snapshotCall.ts';

/** Everything that decides how a snapshot is asked for. */
export interface SnapshotRequest {
  readonly policy: ConsistencyPolicy;
  readonly facts: CallFacts;
  /** What the VM can reach. */
  readonly assessment: Pick<Assessment, 'level' | 'limits' | 'base'>;
  readonly hasUser: boolean;
}

export interface LevelDowngrade {
  readonly from: ConsistencyLevel;
  readonly to: ConsistencyLevel;
  readonly reason: string;
}

/** How far asking has come. A value: the same failure of the same state always leads to the same step. */
export interface RequestState {
  /** What is asked for now. */
  readonly level: ConsistencyLevel;
  /** How often this level was tried. */
  readonly tries: number;
  /** Each step down that was taken, in order. */
  readonly downgrades: readonly LevelDowngrade[];
}

export type RequestStep =
  | {
      readonly kind: 'attempt';
      readonly call: SnapshotCall;
      readonly afterMs: number;
      readonly state: RequestState;
    }
  /** A person has to say whether less is good enough; `stepDown` is what a "yes" leads to. */
  | { readonly kind: 'ask'; readonly downgrade: LevelDowngrade; readonly state: RequestState }
  | { readonly kind: 'fail'; readonly reason: string; readonly state: RequestState };

/** What the server said to an attempt. */
export interface AttemptFailure {
  /** Name of the fault, for instance `ApplicationQuiesceFault`. */
  readonly fault: string;
  readonly text: string;
}

const retryAfterMs = 60_000;
const busyAfterMs = 15_000;

/**
 * The level that a backup answers for: the best that is wanted and can be had, and never less than the minimum. A guest
 * that is off is asked for nothing; what its shutdown left is judged afterwards.
 */
export function requestedLevel({ policy, facts, assessment }: SnapshotRequest): ConsistencyLevel {
  if (facts.powerState === 'poweredOff' && assessment.level !== 'none') return policy.minimum;
  return strongest([policy.minimum, weakest([policy.wanted, assessment.level])]);
}

/** What is known to be out of reach is not tried. */
export function firstStep(request: SnapshotRequest): RequestStep {
  const { facts, assessment } = request;
  const start: RequestState = { level: requestedLevel(request), tries: 0, downgrades: [] };
  const reachable = weakest([start.level, assessment.level]);
  if (reachable === start.level || (facts.powerState === 'poweredOff' && reachable !== 'none'))
    return attempt(request, start, 0);
  const limit = limitOf(assessment);
  return lower(request, start, reachable, limit?.text ?? assessment.base.text);
}

/** What keeps a VM from more. */
export function limitOf({ level, limits }: SnapshotRequest['assessment']): Limit | undefined {
  return limits.find(({ cap }) => cap === level);
}

/** Retries what may be over in a minute, steps down where a weaker request can succeed, and else gives up. */
export function stepAfterFailure(
  request: SnapshotRequest,
  state: RequestState,
  failure: AttemptFailure,
): RequestStep {
  const delayMs = retryDelayMs(failure, state.tries);
  if (delayMs !== undefined) return attempt(request, state, delayMs);
  const next = consistencyLevels[consistencyLevels.indexOf(state.level) - 1];
  if (!isAboutQuiescing(failure) || next === undefined || next === 'none')
    return { kind: 'fail', reason: failure.text, state };
  return lower(request, state, next, failure.text);
}

/** After a person said that less is good enough. */
export function stepDown(
  request: SnapshotRequest,
  state: RequestState,
  downgrade: LevelDowngrade,
): RequestStep {
  const next = { level: downgrade.to, tries: 0, downgrades: [...state.downgrades, downgrade] };
  return attempt(request, next, 0);
}

function attempt(request: SnapshotRequest, state: RequestState, afterMs: number): RequestStep {
  return {
    kind: 'attempt',
    call: snapshotCall(state.level, request.policy, request.facts),
    afterMs,
    state: { ...state, tries: state.tries + 1 },
  };
}

function lower(
  request: SnapshotRequest,
  state: RequestState,
  to: ConsistencyLevel,
  reason: string,
): RequestStep {
  const { policy, hasUser } = request;
  const downgrade = { from: state.level, to, reason };
  if (to === 'none') return { kind: 'fail', reason, state };
  if (compareLevels(to, policy.minimum) >= 0 || policy.onShortfall === 'step-down')
    return stepDown(request, state, downgrade);
  return policy.onShortfall === 'ask' && hasUser
    ? { kind: 'ask', downgrade, state }
    : { kind: 'fail', reason, state };
}

/** Undefined where trying the same again is of no use. */
function retryDelayMs({ fault, text }: AttemptFailure, tries: number): number | undefined {
  if (fault === 'TaskInProgress') return tries < 4 ? busyAfterMs : undefined;
  const mayPass =
    /already in progress|VMware Tools is not currently available|communicating with VMware Tools/i;
  return mayPass.test(text) && tries < 2 ? retryAfterMs : undefined;
}

/** For any other failure a weaker snapshot would fail as well. */
function isAboutQuiescing({ fault, text }: AttemptFailure): boolean {
  return /^(Application|Filesystem)QuiesceFault$/.test(fault) || tellsOfFailedQuiescing(text);
}
