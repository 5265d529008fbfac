import { userInfo } from 'node:os';

import { AppError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { counted } from '../../base/units.ts';
import type { Manifest, ManifestGroup } from '../../core/catalog/manifest.ts';
import { groupSkew } from '../../core/consistency/recovery/groupSkew.ts';
import { backUpGroup, type GroupMember, type MemberResult } from '../../core/jobs/backupVm/backupGroup.ts';
import { PausedTooLongError } from '../../core/jobs/backupVm/pause.ts';
import {
  type GroupBackupResultDto,
  type GroupMemberResultDto,
  startGroupBackup,
} from '../../protocol/job.ts';
import type { GroupBackupParams } from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { toWireError } from '../../protocol/wireError.ts';
import type { JobContext, JobRequest, MemberContext } from '../runningJob.ts';
import { program } from '../version.ts';
import type { WorkerParts } from '../workerParts.ts';
import {
  backupResultDto,
  makePlan,
  namedVm,
  tellingOfFailure,
  vmKey,
  waitingWithoutSnapshot,
} from './backups.ts';
import { assertPolicy } from './policies.ts';
import { assertKitAsked } from './recoveryKits.ts';

export function serveGroupBackups(handle: Handle, parts: WorkerParts): void {
  handle(startGroupBackup, params => {
    onlyVCenter(params);
    assertPolicy(params.policy);
    parts.repositories.assertOpen(params.repository);
    return { jobId: parts.jobs.start(groupRequest(parts, params)) };
  });
}

function groupRequest(parts: WorkerParts, params: GroupBackupParams): JobRequest {
  const { vms, groupName } = params;
  const names = vms.map(({ name }) => name);
  return {
    kind: 'backupGroup',
    object: groupName ?? names.join(', '),
    members: names,
    exclusiveKeys: vms.map(vm => vmKey(parts, vm)),
    canPause: true,
    retry: failed => {
      const again = vms.filter((_, index) => failed.includes(index));
      return groupRequest(parts, { ...params, vms: again });
    },
    run: async context => await run(parts, onlyVCenter(params), params, context),
  };
}

async function run(
  parts: WorkerParts,
  vcenterName: string,
  params: GroupBackupParams,
  context: JobContext,
): Promise<GroupBackupResultDto> {
  const { vms } = params;
  const { notifier } = parts;
  const all = await tellingOfFailure(
    parts,
    vms,
    context.signal,
    async () => await backUpAll(parts, vcenterName, params, context),
  );
  for (const [index, vm] of vms.entries()) {
    const result = all[index];
    if (result === undefined) continue;
    if ('error' in result) await notifier.backupFailed(namedVm(parts, vm), result.error);
    else await notifier.backupEnded(result.result);
  }
  return resultDto(vms, all, context.logger);
}

/** What became of each VM, in the order in which they were given. */
async function backUpAll(
  parts: WorkerParts,
  vcenterName: string,
  { vms, repository: repositoryName, policy, wholeReads, transport, groupName, nbd }: GroupBackupParams,
  { jobId: job, signal, pause, logger, members }: JobContext,
): Promise<readonly MemberResult[]> {
  const { vcenters, repositories, slots, leftovers, clock, random, machine } = parts;
  const names = vms.map(({ name }) => name).join(', ');
  await using vcenter = vcenters.use(vcenterName, names);
  await using repository = repositories.use(repositoryName, names);
  using journal = leftovers.journalOfJob(() => clock.now());
  const { session, endpoint, account } = vcenter.place;
  await assertKitAsked(repository.place, signal);
  const username = userInfo().username;
  const deps = {
    ...{ job, journal, clock, random, machine, logger },
    ...{ endpoint, slots, pause, program, username },
    ...(nbd !== undefined && { nbd: { settings: nbd, account } }),
  };
  const params = {
    ...{ repository: repositoryName, policy },
    ...(transport !== undefined && { transport }),
    ...(wholeReads !== undefined && { wholeReads }),
  };
  const results: (MemberResult | undefined)[] = vms.map(() => undefined);
  // More than once only if it was paused for longer than snapshots are kept.
  for (;;) {
    const open = vms.flatMap((vm, index) => {
      const member = members[index];
      return member === undefined || results[index] !== undefined ? [] : [{ vm, index, member }];
    });
    const planned: (GroupMember & { readonly index: number })[] = [];
    for (const { vm, index, member } of open) {
      const onEnd = (result: MemberResult): void => endMember(member, result, logger);
      try {
        const plan = await makePlan(vcenter.place, repository.place, { ...params, vm }, parts, signal);
        planned.push({ ...member, plan, onEnd, index });
      } catch (error) {
        signal.throwIfAborted();
        const failed = { vmName: vm.name, error: toAppError(error) };
        results[index] = failed;
        onEnd(failed);
      }
    }
    const ended = await backUpGroup(session, repository.place, planned, groupName, deps, signal);
    for (const [position, { index }] of planned.entries()) {
      const result = ended.members[position];
      if (result !== undefined && !isPostponed(result)) results[index] = result;
    }
    const postponed = open.filter(({ index }) => results[index] === undefined);
    if (postponed.length === 0) break;
    for (const { vm, member } of postponed) waitingWithoutSnapshot(vm.name, member.onProgress);
    await pause.goesOn(signal);
  }
  return results.flatMap(result => result ?? []);
}

function endMember(member: MemberContext, result: MemberResult, logger: Logger): void {
  if (isPostponed(result)) return;
  if (!('error' in result)) {
    member.onEnd('succeeded');
    return;
  }
  member.onEnd(AppError.is(result.error, 'CANCELLED') ? 'cancelled' : 'failed');
  logger.error(result.error.message);
}

function isPostponed(result: MemberResult): boolean {
  return 'error' in result && result.error instanceof PausedTooLongError;
}

/** @throws INVALID_INPUT if there is none, more than one, or a VM twice */
function onlyVCenter({ vms }: GroupBackupParams): string {
  const [first] = vms;
  const isOne = vms.every(({ vcenter }) => vcenter === first?.vcenter);
  if (first !== undefined && isOne && new Set(vms.map(({ id }) => id)).size === vms.length)
    return first.vcenter;
  throw noGroup();
}

function noGroup(): AppError {
  return new AppError('INVALID_INPUT', 'a group is VMs of one vCenter, each once', {
    object: 'group',
    remedy: 'Select VMs of one vCenter',
  });
}

/** @throws the error of the first VM if there is no restore point at all */
function resultDto(
  vms: readonly VmRef[],
  members: readonly MemberResult[],
  logger: Logger,
): GroupBackupResultDto {
  const results = vms.flatMap((vm, index) => {
    const member = members[index];
    return member === undefined ? [] : [memberDto(vm, member)];
  });
  const [failed] = members.flatMap(member => ('error' in member ? [member.error] : []));
  const group = groupOfStored(members.flatMap(member => ('error' in member ? [] : [member.result.manifest])));
  if (group === undefined) throw failed ?? noGroup();
  logger.info(
    `${counted(group.members.length, 'snapshot')}, ${group.skewMs} ms apart: near each other, not consistent across VMs`,
  );
  return { kind: 'backupGroup', group, members: results };
}

/**
 * The group that all restore points name; where a pause has made several of it, the first one with what is true of all of them.
 * Undefined if there is none.
 */
function groupOfStored(stored: readonly Manifest[]): ManifestGroup | undefined {
  const group = stored[0]?.group;
  const skew = groupSkew(stored.map(({ takenAt }) => new Date(takenAt)));
  if (skew === undefined || stored.every(manifest => manifest.group?.id === group?.id)) return group;
  const members = stored
    .toSorted((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt))
    .map(({ vm: { instanceUuid, name }, takenAt }) => ({ vmInstanceUuid: instanceUuid, name, takenAt }));
  return group && { ...group, skewMs: skew.skewMs, members };
}

function memberDto(vm: VmRef, member: MemberResult): GroupMemberResultDto {
  return 'error' in member
    ? { vm, error: toWireError(member.error) }
    : { vm, backup: backupResultDto(member.result) };
}
