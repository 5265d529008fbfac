import { userInfo } from 'node:os';

import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { counted } from '../../base/units.ts';
import { backUpGroup, type GroupResult, type MemberResult } from '../../core/jobs/backupVm/backupGroup.ts';
import type { BackupPlan } from '../../core/jobs/backupVm/backupPlan.ts';
import {
  type GroupBackupResultDto,
  type GroupMemberResultDto,
  startGroupBackup,
} from '../../protocol/job.ts';
import type { GroupBackupParams } from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { toWireError } from '../../protocol/wireError.ts';
import type { JobContext } from '../runningJob.ts';
import { program } from '../version.ts';
import type { WorkerParts } from '../workerParts.ts';
import { backupResultDto, makePlan, vmKey } from './backups.ts';
import { assertPolicy } from './policies.ts';
import { assertKitAsked } from './recoveryKits.ts';

export function serveGroupBackups(handle: Handle, parts: WorkerParts): void {
  handle(startGroupBackup, params => {
    const { vms, repository, policy, groupName } = params;
    const names = vms.map(({ name }) => name);
    const vcenter = onlyVCenter(params);
    assertPolicy(policy);
    parts.repositories.assertOpen(repository);
    const jobId = parts.jobs.start({
      kind: 'backupGroup',
      object: groupName ?? names.join(', '),
      members: names,
      exclusiveKeys: vms.map(vm => vmKey(parts, vm)),
      run: async context => await run(parts, vcenter, params, context),
    });
    return { jobId };
  });
}

async function run(
  parts: WorkerParts,
  vcenterName: string,
  { vms, repository: repositoryName, policy, wholeReads, transport, groupName }: GroupBackupParams,
  { jobId: job, signal, logger, members }: JobContext,
): Promise<GroupBackupResultDto> {
  const { vcenters, repositories, slots, leftovers, clock, random } = parts;
  const names = vms.map(({ name }) => name).join(', ');
  await using vcenter = vcenters.use(vcenterName, names);
  await using repository = repositories.use(repositoryName, names);
  using journal = leftovers.journalOfJob(() => clock.now());
  const { session, endpoint } = vcenter.place;
  await assertKitAsked(repository.place, signal);
  const plans: BackupPlan[] = [];
  for (const vm of vms) {
    const one = {
      ...{ vm, repository: repositoryName, policy },
      ...(transport !== undefined && { transport }),
      ...(wholeReads !== undefined && { wholeReads }),
    };
    plans.push(await makePlan(vcenter.place, repository.place, one, parts, signal));
  }
  const planned = plans.flatMap((plan, index) => {
    const member = members[index];
    if (member === undefined) return [];
    const onEnd = (result: MemberResult): void => {
      member.onEnd('error' in result ? 'failed' : 'succeeded');
      if ('error' in result) logger.error(result.error.message);
    };
    return [{ ...member, plan, onEnd }];
  });
  const username = userInfo().username;
  const deps = { job, journal, clock, random, logger, endpoint, slots, program, username };
  return resultDto(
    vms,
    await backUpGroup(session, repository.place, planned, groupName, deps, signal),
    logger,
  );
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
  { group, members }: GroupResult,
  logger: Logger,
): GroupBackupResultDto {
  const results = vms.flatMap((vm, index) => {
    const member = members[index];
    return member === undefined ? [] : [memberDto(vm, member)];
  });
  const [failed] = members.flatMap(member => ('error' in member ? [member.error] : []));
  const isNothing = results.every(({ backup }) => backup === undefined);
  if (group === undefined || isNothing) throw failed ?? noGroup();
  logger.info(
    `${counted(group.members.length, 'snapshot')}, ${group.skewMs} ms apart: near each other, not consistent across VMs`,
  );
  return { kind: 'backupGroup', group, members: results };
}

function memberDto(vm: VmRef, member: MemberResult): GroupMemberResultDto {
  return 'error' in member
    ? { vm, error: toWireError(member.error) }
    : { vm, backup: backupResultDto(member.result) };
}
