import { GiB } from '../../base/units.ts';
import { SeededRandom } from '../guest/seededRandom.ts';
import type { LabContext } from '../labContext.ts';
import { DiskChain } from './diskChain.ts';
import { createGeneratedSites, pick, type GeneratedSites } from './generatedInventory.ts';
import { seededUuid } from './guestVms.ts';
import { LabVm, type ConnectionState } from './labVm.ts';
import { scsiDisk, standardDevices } from './standardHardware.ts';
import { standardSettings } from './vmSettings.ts';

const roles = ['app', 'cache', 'db', 'files', 'mail', 'queue', 'web'];
const guestIds = [
  'debian12_64Guest',
  'rhel9_64Guest',
  'ubuntu64Guest',
  'sles15_64Guest',
  'windows2019srv_64Guest',
];
const diskSizesGiB = [8, 16, 40, 100, 250];

/** What is out of the ordinary comes once in so many VMs. */
const oneIn = {
  template: 50,
  vApp: 25,
  linkedClone: 12,
  orphaned: 250,
  inaccessible: 390,
  disconnected: 330,
};

/**
 * Puts thousands of VMs of every kind into a datacenter of their own: templates, VMs of vApps, linked clones, orphaned
 * and inaccessible ones. The same seed gives the same VMs. Their disks hold zeros, and no file before they are written to.
 */
export function createGeneratedVms(lab: LabContext, vmCount: number, seed: number): void {
  const sites = createGeneratedSites(lab.registry, lab.inventory, vmCount);
  const random = new SeededRandom(seed);
  for (let number = 1; number <= vmCount; number += 1) createGeneratedVm(lab, sites, number, random, seed);
}

function createGeneratedVm(
  lab: LabContext,
  sites: GeneratedSites,
  number: number,
  random: SeededRandom,
  seed: number,
): void {
  const name = `${pick(roles, random.below(1000))}-${String(number).padStart(4, '0')}`;
  const cluster = pick(sites.clusters, number);
  const datastore = pick(cluster.datastores, random.below(1000));
  const network = pick(sites.networks, random.below(1000));
  const guestId = pick(guestIds, random.below(1000));
  const path = `[${datastore.name}] ${name}/`;
  const isTemplate = number % oneIn.template === 0;
  const isOn = !isTemplate && random.below(10) > 1;
  const inVApp = !isTemplate && number % oneIn.vApp === 0;
  const settings = standardSettings({
    name,
    guestId,
    firmware: random.below(3) === 0 ? 'bios' : 'efi',
    annotation: `Generated VM ${number}`,
    uuid: seededUuid(`${seed} ${name} bios`),
    instanceUuid: seededUuid(`${seed} ${name} instance`),
    createDate: new Date(Date.UTC(2024, 0, 1 + (number % 600), 8)),
    vmPathName: `${path}${name}.${isTemplate ? 'vmtx' : 'vmx'}`,
    newestHardware: lab.server.personality.hardware,
  });
  settings['template'] = isTemplate;
  const macAddress = `00:50:56:a${(number >> 16).toString(16)}:${hexPair(number >> 8)}:${hexPair(number)}`;
  lab.registry.add(
    new LabVm(
      { type: 'VirtualMachine', value: lab.registry.newId('vm') },
      {
        home: {
          folder: pick(sites.vmFolders, random.below(1000)),
          resourcePool: inVApp ? cluster.vApp : cluster.resourcePool,
          host: pick(cluster.hosts, random.below(1000)),
          datastore: datastore.ref,
          path,
        },
        settings,
        hardware: {
          numCPU: 1 << random.below(4),
          numCoresPerSocket: 1,
          memoryMB: 2048 << random.below(4),
        },
        devices: standardDevices([{ networkName: network.name, network: network.ref, macAddress }]),
        disks: disksOf(lab, name, path, number, random, seed),
        powerState: isOn ? 'poweredOn' : 'poweredOff',
        bootTime: isOn ? new Date(Date.UTC(2026, 0, 1 + (number % 90), 6)) : undefined,
        toolsInstalled: random.below(20) > 0,
        connectionState: connectionStateOf(number),
      },
    ),
  );
}

/** One to three; the first disk of a linked clone stands on a template's file. */
function disksOf(
  lab: LabContext,
  name: string,
  path: string,
  number: number,
  random: SeededRandom,
  seed: number,
): DiskChain[] {
  const count = 1 + (random.below(4) === 0 ? 1 : 0) + (random.below(8) === 0 ? 1 : 0);
  return Array.from({ length: count }, (_, unit) => {
    const sizeBytes = pick(diskSizesGiB, random.below(1000)) * GiB;
    const fileName = `${path}${name}${unit === 0 ? '' : `_${unit}`}.vmdk`;
    const base = path.replace(/\] .*/, '] golden/golden-000001.vmdk');
    return new DiskChain(
      scsiDisk(unit, `Hard disk ${unit + 1}`, sizeBytes, random.below(5) > 0),
      lab.disks.unwritten(`${name}-${unit}`, sizeBytes),
      fileName,
      seededUuid(`${seed} ${name} disk ${unit}`).toUpperCase(),
      unit === 0 && number % oneIn.linkedClone === 0 ? base : undefined,
    );
  });
}

function connectionStateOf(number: number): ConnectionState {
  if (number % oneIn.orphaned === 0) return 'orphaned';
  if (number % oneIn.inaccessible === 0) return 'inaccessible';
  return number % oneIn.disconnected === 0 ? 'disconnected' : 'connected';
}

function hexPair(number: number): string {
  return (number & 0xff).toString(16).padStart(2, '0');
}
