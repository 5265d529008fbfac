import { AppError } from '../../base/errors.ts';
import { assess } from '../../core/consistency/assess.ts';
import { readVirtualMachine, type VirtualMachineFacts } from '../../core/inventory/readVirtualMachine.ts';
import type { SnapshotFacts } from '../../core/inventory/snapshotTree.ts';
import type { VirtualDiskFacts } from '../../core/inventory/virtualDisk.ts';
import { parseMarker } from '../../core/snapshot/snapshotMarker.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import {
  explainVm,
  listKeptVms,
  listVms,
  readVm,
  type VmDetailsDto,
  type VmDiskDto,
  type VmDto,
  type VmRef,
  type VmSnapshotDto,
} from '../../protocol/vm.ts';
import type { LiveRow } from '../liveInventory.ts';
import type { WorkerParts } from '../workerParts.ts';
import { explanationDto, predictionDto } from './predictions.ts';

/**
 * More would keep everybody else waiting while they are judged and written: they are so in one turn, for what changes in
 * between two would be told before it, and be taken back by it.
 */
const pageRows = 100;

export function serveVms(handle: Handle, { vcenters, keptRows }: WorkerParts): void {
  handle(listVms, async ({ vcenter, atOnce, after }, signal) => {
    await using used = vcenters.use(vcenter);
    const { inventory } = used.place;
    const { rows, next } = await inventory.page(atOnce === true ? 'first' : 'all', after, pageRows, signal);
    return { vms: rows.map(vmDto), ...(next !== undefined && { next }) };
  });
  handle(listKeptVms, async ({ after, ...owner }, signal) => {
    const { rows, next } = await keptRows.page(owner, after, pageRows, signal);
    return { vms: rows.map(vmDto), ...(next !== undefined && { next }) };
  });
  handle(explainVm, async ({ vcenter, id, name }, signal) => {
    await using used = vcenters.use(vcenter);
    const row = await used.place.inventory.row(id, signal);
    if (row === undefined)
      throw new AppError('NOT_FOUND', `${name} is not on ${vcenter} any more`, { object: name });
    return explanationDto(row);
  });
  handle(readVm, async (vm, signal) => {
    await using used = vcenters.use(vm.vcenter);
    return vmDetailsDto(await readVirtualMachine(used.place.session, vmIdentity(vm), signal));
  });
}

export function vmIdentity({ id, name }: VmRef) {
  return { ref: { type: 'VirtualMachine', value: id }, name };
}

export function vmDto(vm: LiveRow): VmDto {
  const { name, instanceUuid, inventoryPath, powerState, connectionState, isTemplate } = vm;
  return {
    id: vm.ref.value,
    name,
    ...(instanceUuid !== undefined && { instanceUuid }),
    inventoryPath,
    powerState,
    connectionState,
    isTemplate,
    ...(vm.guestName !== undefined && { guestName: vm.guestName }),
    ...(vm.toolsState !== undefined && { toolsState: vm.toolsState }),
    diskCount: vm.diskCount,
    capacityBytes: vm.capacityBytes,
    hasSnapshots: vm.hasSnapshots,
    ...(vm.computePath !== undefined && { computePath: vm.computePath }),
    datastores: vm.datastoreNames,
    ...(vm.vAppName !== undefined && { vAppName: vm.vAppName }),
    ...(vm.isLinkedClone && { isLinkedClone: true }),
    tags: vm.tags.map(({ category, name: tagName }) => ({ category, name: tagName })),
    predicted: predictionDto(assess(vm.facts)),
    ...(vm.asOf !== undefined && { asOf: vm.asOf.toISOString() }),
  };
}

function vmDetailsDto(vm: VirtualMachineFacts): VmDetailsDto {
  const toolsVersionStatus = vm.guest?.toolsVersionStatus2 ?? vm.guest?.toolsVersionStatus;
  return {
    id: vm.ref.value,
    name: vm.name,
    inventoryPath: vm.inventoryPath,
    guestId: vm.config.guestId,
    ...(toolsVersionStatus !== undefined && { toolsVersionStatus }),
    disks: vm.disks.map(diskDto),
    snapshots: vm.snapshots.map(snapshotDto),
    ...(vm.host !== undefined && { host: vm.host.name }),
    ...(vm.resourcePool !== undefined && { resourcePool: vm.resourcePool.name }),
    datastores: vm.datastores.map(({ name }) => name),
    networks: vm.networks.map(({ name }) => name),
  };
}

function diskDto({ deviceKey, label, capacityBytes, backing }: VirtualDiskFacts): VmDiskDto {
  const { diskMode, sharing, isThin } = backing;
  return {
    deviceKey,
    label,
    capacityBytes,
    backing: backing.type,
    ...(diskMode !== undefined && { diskMode }),
    ...(sharing !== undefined && { sharing }),
    ...(isThin !== undefined && { isThin }),
  };
}

function snapshotDto(snapshot: SnapshotFacts): VmSnapshotDto {
  const { ref, parent, name, description, createdAt, isQuiesced, isCurrent } = snapshot;
  return {
    id: ref.value,
    ...(parent !== undefined && { parentId: parent.value }),
    name,
    description,
    createdAt: createdAt.toISOString(),
    isQuiesced,
    isCurrent,
    isOurs: parseMarker(description) !== undefined,
  };
}
