import { userInfo } from 'node:os';

import { AppError } from '../../base/errors.ts';
import { consistencyLevels } from '../../core/consistency/level.ts';
import type { Acceptance, RecoveryGoal } from '../../core/consistency/recovery/goal.ts';
import type { GoalRecord, GoalSubject } from '../../core/goals/recoveryGoals.ts';
import { type Standings, standingsOfVms, type VmStanding } from '../../core/jobs/recovery/standings.ts';
import {
  type AcceptanceDto,
  acceptGaps,
  type GoalDto,
  goalsChanged,
  type GoalScopeDto,
  listStandings,
  type RecoveryGoalDto,
  removeGoal,
  setGoal,
  type StandingDto,
} from '../../protocol/recovery.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { toWireError } from '../../protocol/wireError.ts';
import type { LiveRow } from '../liveInventory.ts';
import type { UsedPlace } from '../openPlaces.ts';
import type { VCenterPlace } from '../openers.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveGoals(handle: Handle, parts: WorkerParts): void {
  const { vcenters, goals, clock, tellClients } = parts;
  handle(setGoal, async ({ scope, goal }, signal) => {
    await using used = vcenters.use(vcenterOf(scope));
    const place = await placeOf(used, scope, signal);
    const who = { setBy: userInfo().username, setAt: clock.now() };
    await goals.set({ ...place, goal: checkedGoal(goal), ...who });
    tellClients(goalsChanged, {});
    return {};
  });
  handle(removeGoal, async ({ scope }, signal) => {
    await using used = vcenters.use(vcenterOf(scope));
    await goals.remove((await placeOf(used, scope, signal)).scope);
    tellClients(goalsChanged, {});
    return {};
  });
  handle(acceptGaps, async ({ vm, reason, until }, signal) => {
    await using used = vcenters.use(vm.vcenter);
    const row = await rowOf(used.place, vm, signal);
    const { vmInstanceUuid, serverInstanceUuid } = subjectOf(used.place, row);
    const now = clock.now();
    const [found] = (await standingsIn(parts, used.place, [row], signal)).standings;
    if (vmInstanceUuid === undefined || found === undefined || found.standing.gaps.length === 0) {
      throw new AppError('INVALID_INPUT', `${vm.name} has no gap that could be accepted`, {
        object: vm.name,
        remedy: 'Set a goal first',
      });
    }
    await goals.accept({
      ...{ serverInstanceUuid, vmInstanceUuid, vmName: vm.name },
      ...{ by: userInfo().username, at: now, reason: checkedReason(reason), until: checkedEnd(until, now) },
      gaps: found.standing.gaps.map(({ kind }) => kind),
      level: found.facts.newest?.proven,
    });
    tellClients(goalsChanged, {});
    return {};
  });
  handle(listStandings, async ({ vcenter, vmId }, signal) => {
    await using used = vcenters.use(vcenter);
    // Nobody waits for a large inventory only to hear that nothing was asked of it.
    const { goals: kept, problems: damaged } = await goals.read(signal);
    if (kept.length === 0) return { standings: [], problems: damaged.map(toWireError) };
    const rows = await used.place.inventory.rows(signal);
    const wanted = rows.filter(({ ref }) => vmId === undefined || ref.value === vmId);
    const { standings, problems } = await standingsIn(parts, used.place, wanted, signal);
    return {
      standings: standings.map(found => standingDto(found.vm.ref.value, found)),
      problems: problems.map(toWireError),
    };
  });
}

/** Of those that have a goal; without any, no repository is looked at. */
export async function standingsIn(
  { goals, repositories, transfers, pointFacts, clock }: WorkerParts,
  place: VCenterPlace,
  rows: readonly LiveRow[],
  signal: AbortSignal,
): Promise<Standings<LiveRow>> {
  const book = await goals.read(signal);
  if (book.goals.length === 0) return { standings: [], problems: book.problems };
  const deps = {
    book,
    repositories: repositories.list().map(({ name, place: repository }) => ({ name, repository })),
    transfers: await transfers.read('vm', signal),
    factsOf: pointFacts,
    now: clock.now(),
  };
  return await standingsOfVms(rows, row => subjectOf(place, row), deps, signal);
}

function subjectOf(
  { session }: VCenterPlace,
  { instanceUuid, inventoryPath, computePath, tags }: LiveRow,
): GoalSubject {
  return {
    ...{ inventoryPath, computePath, tags },
    serverInstanceUuid: session.instanceUuid,
    vmInstanceUuid: instanceUuid,
  };
}

function vcenterOf(scope: GoalScopeDto): string {
  return scope.kind === 'vm' ? scope.vm.vcenter : scope.vcenter;
}

async function placeOf(
  { place }: UsedPlace<VCenterPlace>,
  scope: GoalScopeDto,
  signal: AbortSignal,
): Promise<Pick<GoalRecord, 'scope' | 'name'>> {
  const serverInstanceUuid = place.session.instanceUuid;
  switch (scope.kind) {
    case 'folder':
    case 'compute': {
      const { kind, path } = scope;
      if (!path.startsWith('/') || (path.endsWith('/') && path !== '/'))
        throw new AppError('INVALID_INPUT', `${path} is no path of the inventory`, { object: path });
      return { scope: { kind, serverInstanceUuid, path }, name: path };
    }
    case 'tag': {
      const { kind, category, tag } = scope;
      return { scope: { kind, serverInstanceUuid, category, tag }, name: `${category}/${tag}` };
    }
    case 'group': {
      const vmInstanceUuids = [];
      for (const vm of scope.vms) vmInstanceUuids.push(await identityOf(place, vm, signal));
      const { kind, group } = scope;
      return { scope: { kind, serverInstanceUuid, group, vmInstanceUuids }, name: group };
    }
    case 'vm': {
      const vmInstanceUuid = await identityOf(place, scope.vm, signal);
      return { scope: { kind: 'vm', serverInstanceUuid, vmInstanceUuid }, name: scope.vm.name };
    }
  }
}

async function identityOf(place: VCenterPlace, vm: VmRef, signal: AbortSignal): Promise<string> {
  const { instanceUuid } = await rowOf(place, vm, signal);
  if (instanceUuid !== undefined) return instanceUuid;
  throw new AppError('PERMISSION', `the identity of ${vm.name} cannot be read`, {
    object: vm.name,
    remedy: 'Set the goal for its folder, or use an account that may read its configuration',
  });
}

async function rowOf({ inventory }: VCenterPlace, vm: VmRef, signal: AbortSignal): Promise<LiveRow> {
  const row = await inventory.row(vm.id, signal);
  if (row !== undefined) return row;
  throw new AppError('NOT_FOUND', `${vm.name} is not on ${vm.vcenter} any more`, { object: vm.name });
}

function checkedGoal({ minimumLevel, maxAgeMs, maxRecoveryMs }: RecoveryGoalDto): RecoveryGoal {
  const isTime = (ms: number | undefined): boolean =>
    ms === undefined || (Number.isSafeInteger(ms) && ms > 0);
  if (consistencyLevels.includes(minimumLevel) && isTime(maxAgeMs) && isTime(maxRecoveryMs))
    return { minimumLevel, maxAgeMs, maxRecoveryMs };
  throw new AppError('INVALID_INPUT', 'a goal is a level, and times of more than nothing', {
    object: 'goal',
  });
}

function checkedReason(reason: string): string {
  const text = reason.trim();
  if (text !== '') return text;
  throw new AppError('INVALID_INPUT', 'a gap is accepted for a reason', { object: 'reason' });
}

function checkedEnd(text: string, now: Date): Date {
  const until = new Date(text);
  if (until > now) return until;
  throw new AppError('INVALID_INPUT', 'an acceptance ends at a time that has not come', {
    object: 'until',
  });
}

function standingDto(vmId: string, { record, standing, newest, facts }: VmStanding): StandingDto {
  const { state, gaps, acceptances, expired } = standing;
  return {
    ...{ vmId, goal: goalDto(record), state, gaps },
    acceptances: acceptances.map(acceptanceDto),
    expired: expired.map(acceptanceDto),
    ...(newest !== undefined && { newest: { repository: newest.name, point: newest.point.id } }),
    recoveryTime: facts.recoveryTime,
  };
}

function goalDto({ scope, name, goal, setBy, setAt }: GoalRecord): GoalDto {
  const { minimumLevel, maxAgeMs, maxRecoveryMs } = goal;
  return {
    goal: {
      minimumLevel,
      ...(maxAgeMs !== undefined && { maxAgeMs }),
      ...(maxRecoveryMs !== undefined && { maxRecoveryMs }),
    },
    ...(scope.kind !== 'vm' && { of: { kind: scope.kind, name } }),
    setBy,
    setAt: setAt.toISOString(),
  };
}

function acceptanceDto({ by, at, reason, until, gaps }: Acceptance): AcceptanceDto {
  return { by, reason, gaps, at: at.toISOString(), until: until.toISOString() };
}
