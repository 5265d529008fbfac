import { defined } from '../../base/assert.ts';
import { randomUuid } from '../../base/random.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import {
  besides,
  folderOf,
  formatDatastorePath,
  nameOf,
  type DatastorePlace,
} from '../datastore/datastorePath.ts';
import { isTrue, parseVmx, presentNumbers } from '../datastore/parsedVmx.ts';
import { controllerKinds, vmxGuestName, wholePath } from '../datastore/vmxFile.ts';
import type { LabContext } from '../labContext.ts';
import { VimFault } from '../soap/vimFault.ts';
import { withDeviceInfo } from './deviceInfo.ts';
import { knownGuestIds } from './guestNames.ts';
import { attachDisk } from './hardwareSpec.ts';
import { LabVm } from './labVm.ts';
import type { PlainObject } from './managedObject.ts';
import { deviceKeys, standardDevices, type NetworkCard } from './standardHardware.ts';
import { registerSnapshots } from './registeredSnapshots.ts';
import { standardSettings } from './vmSettings.ts';

export interface WantedRegistration {
  /** Of the configuration file. */
  readonly place: DatastorePlace;
  /** Instead of the one in the file. */
  readonly name: string | undefined;
  readonly asTemplate: boolean;
  readonly folder: MoRef;
  readonly resourcePool: MoRef;
  readonly host: MoRef | undefined;
}

type VmxValues = ReadonlyMap<string, string>;

/**
 * Makes a VM of what its configuration file says, with the disks that lie where it says, and the snapshots of the list
 * beside it. Without that list, a disk that was in the middle of a chain needs consolidation.
 * @throws VimFault NotFound without the file; FileNotFound without a disk; AlreadyExists; DuplicateName
 */
export async function registerVm(lab: LabContext, wanted: WantedRegistration): Promise<LabVm> {
  const { place, folder, resourcePool } = wanted;
  const path = formatDatastorePath(place);
  const values = parseVmx(await readText(lab, place));
  const name = wanted.name ?? values.get('displayname') ?? nameOf(place.path).replace(/\.vmx$/, '');
  for (const other of lab.registry.instancesOf(LabVm)) {
    const { vmPathName } = other.settings['files'] as { readonly vmPathName: string };
    if (vmPathName === path)
      throw new VimFault(
        'AlreadyExists',
        `The specified key, name, or identifier '${path}' already exists.`,
        {
          name: path,
        },
      );
    if (other.name === name && other.home.folder.value === folder.value)
      throw new VimFault('DuplicateName', `The name '${name}' already exists.`, { name, object: other.ref });
  }
  const datastore = defined(lab.inventory.datastores.get(place.datastore), place.datastore);
  const homePath = `${formatDatastorePath({ ...place, path: folderOf(place.path) })}/`;
  const devices = devicesIn(lab, values);
  const disks = [];
  for (const device of diskDevicesIn(values, devices, homePath)) disks.push(await attachDisk(lab, device));
  const settings = settingsIn(lab, values, name, path);
  settings['template'] = wanted.asTemplate;
  const nvram = { ...place, path: besides(place.path, values.get('nvram') ?? `${name}.nvram`) };
  const vm = new LabVm(
    { type: 'VirtualMachine', value: lab.registry.newId('vm') },
    {
      home: {
        folder,
        resourcePool,
        host: wanted.host ?? defined(lab.inventory.hosts[0], 'a host'),
        datastore,
        path: homePath,
      },
      settings,
      hardware: {
        numCPU: numberIn(values, 'numvcpus', 1),
        numCoresPerSocket: numberIn(values, 'cpuid.corespersocket', 1),
        memoryMB: numberIn(values, 'memsize', 32),
      },
      devices: devices.map(withDeviceInfo),
      disks,
      powerState: 'poweredOff',
      bootTime: undefined,
      toolsInstalled: true,
      hasBeenOn: lab.datastores.file(nvram) !== undefined,
    },
  );
  const listPlace = { ...place, path: place.path.replace(/\.vmx$/, '.vmsd') };
  if (lab.datastores.file(listPlace) !== undefined)
    registerSnapshots(lab, vm, await readText(lab, listPlace));
  vm.consolidationNeeded = disks.some(disk => disk.needsConsolidation);
  // From now on these follow from the VM.
  for (const own of [place, listPlace]) lab.datastores.remove(own);
  return lab.registry.add(vm);
}

function unknownGuestId(guestOs: string | undefined): string {
  return guestOs === undefined ? 'otherGuest64' : `${guestOs.replace(/-64$/, '_64')}Guest`;
}

async function readText(lab: LabContext, place: DatastorePlace): Promise<string> {
  const file = lab.datastores.file(place);
  const path = formatDatastorePath(place);
  if (file?.bytes.read === undefined)
    throw new VimFault('NotFound', `The object or item referred to could not be found: ${path}`);
  const maxVmxBytes = 1024 * 1024;
  if (file.bytes.sizeBytes > maxVmxBytes)
    throw new VimFault('InvalidFormat', `The file ${path} is no configuration of a virtual machine.`);
  const pieces: Uint8Array[] = [];
  for await (const piece of file.bytes.read(0, file.bytes.sizeBytes)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function settingsIn(lab: LabContext, values: VmxValues, name: string, path: string): Record<string, unknown> {
  const guestOs = values.get('guestos');
  const settings = standardSettings({
    name,
    guestId: knownGuestIds.find(id => vmxGuestName(id) === guestOs) ?? unknownGuestId(guestOs),
    firmware: values.get('firmware') === 'efi' ? 'efi' : 'bios',
    annotation: values.get('annotation') ?? '',
    uuid: uuidIn(values, 'uuid.bios') ?? randomUuid(lab.random),
    instanceUuid: uuidIn(values, 'vc.uuid') ?? randomUuid(lab.random),
    createDate: lab.clock.now(),
    vmPathName: path,
    newestHardware: lab.server.personality.hardware,
  });
  settings['version'] = `vmx-${numberIn(values, 'virtualhw.version', 19)}`;
  settings['changeTrackingEnabled'] = isTrue(values.get('ctkenabled'));
  const isOwn = (key: string) =>
    /^(\.encoding|config\.|virtualhw\.|displayname|annotation|guestos|firmware|memsize|numvcpus|cpuid\.|uuid\.|vc\.uuid|ctkenabled|nvram|(scsi|sata|nvme|ide|ethernet)\d)/.test(
      key,
    );
  settings['extraConfig'] = [...values]
    .filter(([key]) => !isOwn(key))
    .map(([key, value]) => ({ key, value }));
  return settings;
}

/** The buses every VM has, and the controllers and cards of the file. */
function devicesIn({ inventory }: LabContext, values: VmxValues): PlainObject[] {
  const cards = presentNumbers(values, 'ethernet').flatMap((number): NetworkCard[] => {
    const networkName = values.get(`ethernet${number}.networkname`) ?? '';
    const network = inventory.networks.get(networkName);
    const prefix = `ethernet${number}`;
    const macAddress = values.get(`${prefix}.generatedaddress`) ?? values.get(`${prefix}.address`) ?? '';
    return network === undefined ? [] : [{ networkName, network, macAddress }];
  });
  const fixed = standardDevices(cards).filter(
    ({ _type: type }) => type !== 'ParaVirtualSCSIController' && type !== 'VirtualAHCIController',
  );
  const firstKeys: Readonly<Record<string, number>> = {
    scsi: deviceKeys.scsi,
    sata: deviceKeys.ahci,
    nvme: 31_000,
  };
  const controllers = Object.entries(firstKeys).flatMap(([bus, firstKey]) =>
    presentNumbers(values, bus).map((busNumber): PlainObject => {
      const model = values.get(`${bus}${busNumber}.virtualdev`);
      const kinds = controllerKinds.filter(([, kindBus]) => kindBus === bus);
      const [type] = kinds.find(([, , virtualDev]) => virtualDev === model) ??
        kinds.at(-1) ?? ['VirtualController'];
      return {
        _type: type,
        key: firstKey + busNumber,
        busNumber,
        controllerKey: deviceKeys.pci,
        ...(bus === 'scsi' && { sharedBus: 'noSharing', hotAddRemove: true, scsiCtlrUnitNumber: 7 }),
      };
    }),
  );
  const hasSata = controllers.some(({ key }) => key === deviceKeys.ahci);
  return [...fixed.filter(({ _type: type }) => type !== 'VirtualCdrom' || hasSata), ...controllers];
}

/** What of the slots of controllers is a disk. */
function diskDevicesIn(values: VmxValues, devices: readonly PlainObject[], homePath: string): PlainObject[] {
  const disks: PlainObject[] = [];
  for (const controller of devices) {
    const bus = controllerKinds.find(([type]) => type === controller['_type'])?.[1];
    if (bus === undefined) continue;
    const prefix = `${bus}${Number(controller['busNumber'])}:`;
    for (const unitNumber of presentNumbers(values, prefix)) {
      const slot = `${prefix}${unitNumber}`;
      const fileName = values.get(`${slot}.filename`) ?? '';
      if (!fileName.endsWith('.vmdk')) continue;
      disks.push({
        _type: 'VirtualDisk',
        key: deviceKeys.firstDisk + disks.length,
        controllerKey: controller['key'],
        unitNumber,
        backing: {
          fileName: wholePath(fileName, homePath),
          diskMode: (values.get(`${slot}.mode`) ?? 'persistent').replace('-', '_'),
        },
      });
    }
  }
  return disks.map(withDeviceInfo);
}

function numberIn(values: VmxValues, key: string, otherwise: number): number {
  const text = values.get(key);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

function uuidIn(values: VmxValues, key: string): string | undefined {
  const hex = values
    .get(key)
    ?.replace(/[^0-9a-f]/gi, '')
    .toLowerCase();
  return hex?.length === 32 ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : undefined;
}
