import { AppError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { measureTransfer } from '../../core/goals/measureTransfer.ts';
import { restoreVm } from '../../core/jobs/restoreVm/restoreVm.ts';
import { planVmRestore, type VmRestorePlan } from '../../core/jobs/restoreVm/vmRestorePlan.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { openNamedPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { planOption, repositoryOption, vcenterOption } from './options.ts';

export const restoreVmCommand: Command = {
  name: 'restore vm',
  summary: 'Restore a VM as a new VM, powered off',
  operands: ['POINT'],
  options: {
    name: { value: 'NAME', help: 'name of the new VM' },
    folder: { value: 'NAME', help: 'folder; by default the one the VM was in' },
    pool: { value: 'NAME', help: 'resource pool; by default the one the VM was in' },
    datastore: { value: 'NAME', help: 'datastore; by default the one the VM was on' },
    network: { value: 'FROM=TO', help: 'network to use in place of one the VM was in' },
    'connect-networks': { help: 'connect network cards at power-on, which is risky beside the original' },
    ...vcenterOption,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    await using opened = await openNamedPoint(context, args);
    const { repository, point, journal, signal } = opened;
    await using connection = await openChosenVCenter(context, args);
    const { session, endpoint } = connection;
    const plan = await planVmRestore(
      session,
      point,
      {
        name: args.required('name'),
        folder: args.option('folder'),
        resourcePool: args.option('pool'),
        datastore: args.option('datastore'),
        networks: networkMapping(args.option('network')),
        connectNetworks: args.flag('connect-networks'),
      },
      signal,
    );
    for (const warning of plan.warnings) context.output.note(`The server warns: ${warning}`);
    if (args.flag('plan')) {
      context.output.result(vmPlanValue(plan), () => describeVmPlan(plan));
      return undefined;
    }
    const deps = { ...context, journal, endpoint };
    const bytes = plan.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
    const vm = await context.withProgress(
      async onProgress =>
        await measureTransfer(
          context,
          'vm',
          bytes,
          async () => await restoreVm(session, repository, point, plan, deps, onProgress, signal),
        ),
    );
    context.output.result(
      { vm: vm.value, ...vmPlanValue(plan) },
      () => `Restored ${plan.originalName} as ${plan.name} (${vm.value}), powered off`,
    );
    return undefined;
  },
};

function networkMapping(text: string | undefined): ReadonlyMap<string, string> {
  if (text === undefined) return new Map();
  const [from, to] = text.split(/=(.*)/s);
  if (from === undefined || to === undefined || from === '' || to === '') {
    throw new AppError('INVALID_INPUT', `--network ${text} is not of the form FROM=TO`, {
      object: '--network',
    });
  }
  return new Map([[from, to]]);
}

function vmPlanValue(plan: VmRestorePlan) {
  const { placement, disks, changes, warnings } = plan;
  return {
    name: plan.name,
    originalName: plan.originalName,
    point: plan.pointId,
    folder: placement.folder.name,
    resourcePool: placement.resourcePool.name,
    datastore: placement.datastore.name,
    networks: plan.networks,
    connectNetworks: plan.connectNetworks,
    disks: disks.map(({ key, label, capacityBytes }) => ({ key, label, capacityBytes })),
    changes,
    warnings,
  };
}

function describeVmPlan(plan: VmRestorePlan): string {
  const { placement } = plan;
  return [
    `Would restore ${plan.originalName} (${plan.pointId}) as ${plan.name}, powered off,`,
    `  in folder ${placement.folder.name}, resource pool ${placement.resourcePool.name}, datastore ${placement.datastore.name}`,
    ...plan.networks.map(({ from, to }) => `  with network ${from === to ? to : `${to} for ${from}`}`),
    `  network cards ${plan.connectNetworks ? 'connected' : 'disconnected'} at power-on`,
    ...plan.disks.map(disk => `  with ${disk.label}, ${formatBytes(disk.capacityBytes)}`),
    'Different from the original:',
    table(
      ['WHAT', 'HOW'],
      plan.changes.map(({ field, reason }) => [field, reason]),
    ),
  ].join('\n');
}
