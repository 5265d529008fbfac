import { l10n } from 'vscode';

import { toAppError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { listedVms } from '../../client/listedVms.ts';
import type { GuestDiskDto, VolumeRef } from '../../protocol/guest.ts';
import { listPoints, type PointRef } from '../../protocol/point.ts';
import type { Host } from '../host.ts';
import { consistencyIcon, consistencyLabel } from '../model/consistency.ts';
import { sentence } from '../model/errorText.ts';
import type { BackupSetNode } from '../model/pointTreeModel.ts';
import { formatMoment } from '../model/time.ts';
import type { VmNode } from '../model/vmTreeModel.ts';
import type { Choice } from '../ui/ui.ts';
import type { Ask, Step } from '../ui/wizard.ts';
import { repositoryChoices } from './repositories.ts';

/** A VM of any vCenter. */
export async function chooseVm(host: Host, ask: Ask, title: string): Promise<VmNode> {
  return await ask.pick({
    title,
    placeholder: l10n.t('Virtual machine'),
    whenEmpty: l10n.t('No virtual machine: add a vCenter first'),
    choices: async signal => await vmChoices(host, signal),
  });
}

/** Several VMs; those given are chosen already. */
export async function chooseVms(
  host: Host,
  ask: Ask,
  title: string,
  given: readonly VmNode[],
): Promise<readonly VmNode[]> {
  const isGiven = ({ vcenter, vm: { id } }: VmNode): boolean =>
    given.some(node => node.vcenter === vcenter && node.vm.id === id);
  return await ask.pickMany({
    title,
    placeholder: l10n.t('Virtual machines, two or more'),
    whenEmpty: l10n.t('No virtual machine: add a vCenter first'),
    choices: async signal =>
      (await vmChoices(host, signal)).map(choice => ({ ...choice, isPreselected: isGiven(choice.value) })),
  });
}

async function vmChoices(host: Host, signal: AbortSignal): Promise<readonly Choice<VmNode>[]> {
  return await fromEvery(host, host.known.vcenters(), async ({ name: vcenter }) => {
    await host.places.vcenter(vcenter, signal);
    const vms = await listedVms(host.worker, vcenter, signal);
    return vms.map(vm => ({
      label: vm.name,
      description: vm.guestName ?? '',
      detail: `${vcenter}${vm.inventoryPath}`,
      icon: vm.powerState === 'poweredOn' ? 'vm-running' : 'vm',
      value: { kind: 'vm', vcenter, vm, newest: undefined } satisfies VmNode,
    }));
  });
}

/** A repository; asks only if there are several. */
export async function chooseRepository(
  host: Host,
  ask: Ask,
  title: string,
  placeholder: string,
): Promise<string> {
  const [only, ...others] = host.known.repositories();
  if (only !== undefined && others.length === 0) return only.name;
  return await ask.pick({
    title,
    placeholder,
    whenEmpty: l10n.t('No repository: create one first'),
    choices: async () => await Promise.resolve(repositoryChoices(host)),
  });
}

/** One restore point of a VM. */
export interface ChosenPoint {
  readonly set: BackupSetNode;
  readonly point: PointRef;
}

/** Asks for VM and restore point, as far as `start` does not say them. */
export function pointSteps(
  host: Host,
  title: string,
  start: Partial<ChosenPoint>,
): readonly Step<ChosenPoint>[] {
  return [
    async (_, ask) =>
      start.set === undefined && start.point === undefined
        ? { set: await chooseBackupSet(host, ask, title) }
        : {},
    async ({ set }, ask) =>
      start.point === undefined && set !== undefined ? { point: await choosePoint(ask, title, set) } : {},
  ];
}

/** The restore points of one VM in one repository. */
async function chooseBackupSet(host: Host, ask: Ask, title: string): Promise<BackupSetNode> {
  return await ask.pick({
    title,
    placeholder: l10n.t('Virtual machine to restore from'),
    whenEmpty: l10n.t('No restore points yet'),
    choices: async signal =>
      await fromEvery(host, host.known.repositories(), async ({ name: repository }) => {
        await host.places.repository(repository, signal);
        const { sets } = await host.worker.request(listPoints, { repository }, signal);
        return sets.map(set => ({
          label: set.vmName,
          description: l10n.t('{0} restore points', set.points.length),
          detail: repository,
          icon: 'vm',
          value: { kind: 'set', repository, set } satisfies BackupSetNode,
        }));
      }),
  });
}

/** A restore point of a VM, the newest first. */
async function choosePoint(ask: Ask, title: string, { repository, set }: BackupSetNode): Promise<PointRef> {
  return await ask.pick({
    title,
    placeholder: l10n.t('Restore point of {0}', set.vmName),
    whenEmpty: l10n.t('No restore points yet'),
    choices: async () =>
      await Promise.resolve(
        set.points.map(point => ({
          label: formatMoment(point.takenAt),
          description: consistencyLabel(point.proven, l10n.t),
          icon: consistencyIcon(point.proven).name,
          value: { repository, point: point.id },
        })),
      ),
  });
}

export async function chooseDisk(
  host: Host,
  ask: Ask,
  title: string,
  point: PointRef,
): Promise<GuestDiskDto> {
  return await ask.pick({
    title,
    placeholder: l10n.t('Disk'),
    whenEmpty: l10n.t('The restore point holds no disk'),
    choices: async signal =>
      (await listDisks(host, point, signal)).map(disk => ({
        label: disk.label,
        description: formatBytes(disk.capacityBytes),
        icon: 'database',
        value: disk,
      })),
  });
}

/** A volume whose file system may be readable; asks only if there are several. */
export async function chooseVolume(host: Host, ask: Ask, title: string, point: PointRef): Promise<VolumeRef> {
  const choices = await host.ui.wait(l10n.t('Reading the volumes'), async signal =>
    (await listDisks(host, point, signal)).flatMap(disk =>
      disk.volumes
        .filter(({ content }) => content !== undefined)
        .map(volume => ({
          label: volume.name === '' ? l10n.t('Volume {0}', volume.volumeIndex) : volume.name,
          description: [volume.content?.title ?? '', formatBytes(volume.sizeBytes)].join(' · '),
          detail: disk.label,
          icon: 'server',
          value: { ...point, deviceKey: disk.deviceKey, volumeIndex: volume.volumeIndex },
        })),
    ),
  );
  const [only, ...others] = choices;
  if (only !== undefined && others.length === 0) return only.value;
  return await ask.pick({
    title,
    placeholder: l10n.t('Volume'),
    whenEmpty: l10n.t('No volume with a file system was found'),
    choices: async () => await Promise.resolve(choices),
  });
}

async function listDisks(host: Host, point: PointRef, signal: AbortSignal): Promise<readonly GuestDiskDto[]> {
  await host.places.repository(point.repository, signal);
  return await host.places.disks(point, signal);
}

/** What every place offers; one that fails is left out unless all fail, and told in the log. */
async function fromEvery<P, T>(
  host: Host,
  places: readonly P[],
  read: (place: P) => Promise<readonly Choice<T>[]>,
): Promise<readonly Choice<T>[]> {
  const results = await Promise.allSettled(places.map(read));
  const failures = results.filter(result => result.status === 'rejected');
  for (const { reason } of failures) host.log.warn(sentence(toAppError(reason)));
  const [failure] = failures;
  if (failure !== undefined && failures.length === results.length) throw toAppError(failure.reason);
  return results.flatMap(result => (result.status === 'fulfilled' ? result.value : []));
}
