import { AppError } from '../../../base/errors.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import { type RestorePoint, shortId } from '../../catalog/restorePoint.ts';
import { listVirtualMachines } from '../../inventory/listVirtualMachines.ts';
import type { NamedRef } from '../../inventory/readVirtualMachine.ts';
import { isReadOnlyByLicense, refusedByLicense } from '../../vsphere/license.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';
import { isVim } from '../../vsphere/vimCaller.ts';
import { decodeVmConfig } from './decodeVmConfig.ts';
import { ovfDescriptor, type OvfDisk } from './ovfDescriptor.ts';
import {
  findPlacement,
  formerPlacement,
  type PlacementWishes,
  type RestorePlacement,
} from './restorePlacement.ts';
import { type ConfigChange, networkName, networksOf, restoredConfig } from './restoredConfig.ts';

/** What a restore of a whole VM will do, before it does anything. */
export interface VmRestorePlan {
  readonly pointId: string;
  readonly originalName: string;
  readonly name: string;
  readonly placement: RestorePlacement;
  /** Each network the VM was in, and the one its cards are in now. */
  readonly networks: readonly { readonly from: string; readonly to: string }[];
  readonly connectNetworks: boolean;
  readonly disks: readonly ManifestDisk[];
  /** Every way in which the new VM differs from the original. */
  readonly changes: readonly ConfigChange[];
  /** What the server said about the hardware without refusing it. */
  readonly warnings: readonly string[];
  readonly spec: Vim<'VirtualMachineImportSpec'>;
  /** What the server calls each disk, by device key of the original. */
  readonly deviceIds: ReadonlyMap<number, string>;
}

export interface VmRestoreOptions extends PlacementWishes {
  readonly name: string;
  /** Target network for each network the VM was in, by name; the others keep theirs. */
  readonly networks: ReadonlyMap<string, string>;
  readonly connectNetworks: boolean;
}

/**
 * @throws CONFLICT if a VM of that name exists in the folder; NOT_FOUND or INVALID_INPUT for a place that is not clear;
 *   UNSUPPORTED_FORMAT with the server's words if it refuses the hardware; PERMISSION if its license refuses every change
 */
export async function planVmRestore(
  session: VimSession,
  point: RestorePoint,
  options: VmRestoreOptions,
  signal: AbortSignal,
): Promise<VmRestorePlan> {
  if (await isReadOnlyByLicense(session, signal)) throw refusedByLicense(session.server, 'a new VM');
  const { manifest } = point;
  const config = decodeVmConfig(point.config, `configuration in restore point ${shortId(point.id)}`);
  const placement = await findPlacement(session, options, formerPlacement(manifest, config), signal);
  await assertNameIsFree(session, options.name, placement.folder, signal);
  const { spec, changes } = restoredConfig(config, {
    name: options.name,
    networks: mappedNetworks(config, options.networks, placement.networks),
    connectNetworks: options.connectNetworks,
    vmPathName: `[${placement.datastore.name}]`,
    diskKeys: new Set(manifest.disks.map(({ key }) => key)),
    apiVersion: session.about.apiVersion,
  });
  const checked = await checkWithServer(session, config, options.name, manifest.disks, placement, signal);
  return {
    pointId: shortId(point.id),
    originalName: manifest.vm.name,
    name: options.name,
    placement,
    networks: networksOf(config).map(from => ({
      from,
      to: targetOf(options.networks.get(from) ?? from, placement.networks)?.name ?? from,
    })),
    connectNetworks: options.connectNetworks,
    disks: manifest.disks,
    changes,
    warnings: checked.warnings,
    spec: { _type: 'VirtualMachineImportSpec', configSpec: spec, resPoolEntity: placement.resourcePool.ref },
    deviceIds: checked.deviceIds,
  };
}

async function assertNameIsFree(
  session: VimSession,
  name: string,
  folder: NamedRef,
  signal: AbortSignal,
): Promise<void> {
  const machines = await listVirtualMachines(session, signal);
  if (!machines.some(vm => vm.name === name && vm.inventoryPath.split('/').at(-2) === folder.name)) return;
  throw new AppError('CONFLICT', `a VM named ${name} exists in the folder ${folder.name}`, {
    object: name,
    remedy: 'Choose another name with --name, or another folder with --folder',
  });
}

function mappedNetworks(
  config: Vim<'VirtualMachineConfigInfo'>,
  wishes: ReadonlyMap<string, string>,
  targets: readonly NamedRef[],
): Map<string, Vim<'VirtualDeviceBackingInfo'>> {
  const mapped = new Map<string, Vim<'VirtualDeviceBackingInfo'>>();
  const cards = (config.hardware.device ?? []).filter(device => isVim(device, 'VirtualEthernetCard'));
  assertAllMeant([...wishes.keys()], new Set(cards.map(networkName)));
  for (const device of cards) {
    const former = networkName(device);
    const wanted = wishes.get(former);
    const target = targetOf(wanted ?? former, targets);
    if (target !== undefined) {
      const backing: Vim<'VirtualEthernetCardNetworkBackingInfo'> = {
        ...(isVim(device.backing, 'VirtualEthernetCardNetworkBackingInfo') && device.backing),
        _type: 'VirtualEthernetCardNetworkBackingInfo',
        deviceName: target.name,
        network: target.ref,
      };
      // A distributed port group is addressed through its switch; one that exists unchanged keeps its own backing.
      if (target.ref.type === 'Network') mapped.set(former, backing);
      else if (target.name !== former) throw notMappable(target.name);
    } else {
      throw new AppError('NOT_FOUND', `the network ${wanted ?? former} does not exist on the target`, {
        object: wanted ?? former,
        remedy: `Map it with --network "${former}=NAME"; there are ${targets.map(({ name }) => name).join(', ')}`,
      });
    }
  }
  return mapped;
}

/** By name, or by id where several have one name. */
function targetOf(wanted: string, targets: readonly NamedRef[]): NamedRef | undefined {
  return targets.find(({ name, ref }) => name === wanted || ref.value === wanted);
}

function notMappable(network: string): AppError {
  return new AppError(
    'UNSUPPORTED_FORMAT',
    `${network} is a distributed port group, to which a card cannot be moved yet`,
    {
      object: network,
      remedy: 'Choose a network of a standard switch, and move the card in the vSphere client afterwards',
    },
  );
}

/** A name written wrongly would leave the VM in the network it was to be kept out of. */
function assertAllMeant(wished: readonly string[], former: ReadonlySet<string>): void {
  const unknown = wished.find(name => !former.has(name));
  if (unknown === undefined) return;
  throw new AppError('NOT_FOUND', `the VM was not in a network ${unknown}`, {
    object: unknown,
    remedy: former.size === 0 ? 'Leave --network out' : `It was in ${[...former].join(', ')}`,
  });
}

/** The server looks at the hardware before anything is created, and says how it will call the disks. */
async function checkWithServer(
  session: VimSession,
  config: Vim<'VirtualMachineConfigInfo'>,
  name: string,
  manifestDisks: readonly ManifestDisk[],
  placement: RestorePlacement,
  signal: AbortSignal,
): Promise<{ readonly warnings: readonly string[]; readonly deviceIds: ReadonlyMap<number, string> }> {
  const { ovfManager } = session.content;
  if (ovfManager === undefined) {
    throw new AppError('UNSUPPORTED_FORMAT', `${session.server} cannot import VMs`, {
      object: session.server,
    });
  }
  const disks: OvfDisk[] = manifestDisks.map(({ key, capacityBytes }) => ({
    deviceKey: key,
    capacityBytes,
    fileName: `disk-${key}.vmdk`,
  }));
  const result = await session.call(
    'CreateImportSpec',
    ovfManager,
    {
      ovfDescriptor: ovfDescriptor(config, name, disks),
      resourcePool: placement.resourcePool.ref,
      datastore: placement.datastore.ref,
      cisp: {
        locale: 'en_US',
        deploymentOption: '',
        entityName: name,
        networkMapping: placement.networks.map(({ name: network, ref }) => ({ name: network, network: ref })),
        diskProvisioning: 'thin',
      },
    },
    signal,
  );
  const texts = (faults: typeof result.error) =>
    (faults ?? []).map(fault => fault.localizedMessage ?? 'no reason given');
  const [error] = texts(result.error);
  if (error !== undefined) {
    throw new AppError('UNSUPPORTED_FORMAT', `${session.server} cannot take ${name}: ${error}`, {
      object: name,
    });
  }
  const deviceIds = new Map(
    disks.flatMap(disk => {
      const item = result.fileItem?.find(({ path }) => path === disk.fileName);
      return item === undefined ? [] : [[disk.deviceKey, item.deviceId] as const];
    }),
  );
  return { warnings: texts(result.warning), deviceIds };
}
