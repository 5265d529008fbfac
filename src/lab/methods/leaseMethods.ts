import { toHex } from '../../base/random.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import { besides, nameOf } from '../datastore/datastorePath.ts';
import { extentName } from '../datastore/vmdkDescriptor.ts';
import { DiskChain, type DiskLink } from '../model/diskChain.ts';
import { createImportedVm, importedFiles } from '../model/importVm.ts';
import { Lease, type LeaseFile, type LeaseRequest } from '../model/lease.ts';
import { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { removeVm } from '../model/removeVm.ts';
import { Snapshot } from '../model/snapshot.ts';
import { passStun } from '../model/stun.ts';
import { deviceId } from '../model/deviceId.ts';
import { invalidArgument, invalidPowerState, VimFault } from '../soap/vimFault.ts';
import { instanceOf, type MethodCall, type MethodTable } from './methodCall.ts';
import { vmOf } from './vmMethods.ts';

export const leaseMethods: MethodTable = {
  ExportVm: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
      const disks = vm.disks.map(chain => ({
        chain,
        link: chain.current,
        position: chain.content.position,
      }));
      return exportLease(call.lab, vm, disks);
    },
  },
  ExportSnapshot: {
    on: 'VirtualMachineSnapshot',
    answer: ({ lab, self }) => {
      const { facts } = instanceOf(self, Snapshot);
      return exportLease(lab, instanceOf(lab.registry.get(facts.vm), LabVm), facts.disks);
    },
  },
  ImportVApp: { on: 'ResourcePool', answer: importVm },
  HttpNfcLeaseProgress: {
    on: 'HttpNfcLease',
    answer: call => {
      const percent = call.parameters['percent'] as number;
      if (percent < 0 || percent > 100) throw invalidArgument('percent');
      leaseOf(call).progress(percent);
    },
  },
  HttpNfcLeaseComplete: {
    on: 'HttpNfcLease',
    answer: call => {
      leaseOf(call).complete();
    },
  },
  HttpNfcLeaseAbort: {
    on: 'HttpNfcLease',
    answer: call => {
      const given = call.parameters['fault'] as PlainObject | undefined;
      const message = (given?.['localizedMessage'] ?? 'The task was canceled by a user.') as string;
      leaseOf(call).fail(new VimFault('RequestCanceled', message));
    },
  },
  HttpNfcLeaseGetManifest: {
    on: 'HttpNfcLease',
    answer: call => {
      const { manifests } = call.lab.faults;
      const entries = manifests === false ? [] : leaseOf(call).manifest();
      return manifests === 'wrong'
        ? entries.map(entry => ({ ...entry, sha1: '0'.repeat(40), checksum: '0'.repeat(64) }))
        : entries;
    },
  },
  HttpNfcLeaseSetManifestChecksumType: { on: 'HttpNfcLease', answer: () => undefined },
};

function leaseOf({ self }: MethodCall): Lease {
  return instanceOf(self, Lease);
}

function exportLease(
  lab: LabContext,
  vm: LabVm,
  disks: readonly { readonly chain: DiskChain; readonly link: DiskLink; readonly position: number }[],
): MoRef {
  vm.assertCanBeShared(lab.faults.leasesPerVm);
  const lease = newLease(lab, vm, () => vm.unlock(lease.ref));
  vm.share(lease.ref, lab.faults.leasesPerVm);
  const files = disks.map(({ chain, link, position }, index): LeaseFile => ({
    name: `disk-${index}.vmdk`,
    deviceKey: chain.key,
    capacityBytes: chain.content.sizeBytes,
    importKey: `/${vm.ref.value}/${deviceId(chain.device, vm.devices)}`,
    transfer: { kind: 'export', disk: chain.content, position, files: extentsOf(link) },
    transferred: undefined,
  }));
  void becomeReadyLater(lab, lease, async () => await Promise.resolve(files));
  return lease.ref;
}

function extentsOf(link: DiskLink): string[] {
  return DiskChain.linksOf(link).map(({ fileName, parent }) =>
    besides(fileName, extentName(nameOf(fileName), parent !== undefined)),
  );
}

function importVm({ lab, session, self, parameters }: MethodCall): MoRef {
  const spec = parameters['spec'] as PlainObject;
  if (spec['_type'] !== 'VirtualMachineImportSpec') throw invalidArgument('spec');
  const configSpec = spec['configSpec'] as PlainObject;
  const folder = (parameters['folder'] ?? lab.inventory.vmFolder) as MoRef;
  if (lab.registry.get(folder).ref.type !== 'Folder') throw invalidArgument('folder');
  const vm = createImportedVm(lab, configSpec, folder, self.ref, parameters['host'] as MoRef | undefined);
  const lease = newLease(lab, vm, completed => {
    vm.unlock(lease.ref);
    // What an unfinished import has made goes with its lease.
    if (completed) {
      passStun(lab, vm);
      lab.events.addOfVm(vm, 'VmCreatedEvent', 'is created', { userName: session.userName });
    } else removeVm(lab, vm);
  });
  vm.lock(lease.ref);
  void becomeReadyLater(lab, lease, async () => await importedFiles(lab, vm, configSpec));
  return lease.ref;
}

function newLease(lab: LabContext, vm: LabVm, onEnd: (completed: boolean) => void): Lease {
  const { registry, clock, random, faults, servers } = lab;
  const { certificate } = faults.leaseUrls === 'esx' ? servers.ofHost(vm.home.host) : servers.main;
  const value = `session[${toHex(random.bytes(8))}]${registry.newId('lease')}`;
  const request: LeaseRequest = {
    vm: vm.ref,
    vmName: vm.name,
    host: vm.home.host,
    onEnd,
    secret: toHex(random.bytes(16)),
    timeoutSeconds: faults.leaseTimeoutSeconds,
    urlHost: hostInUrls(lab, vm) ?? '*',
    sslThumbprint: certificate.sha1Thumbprint,
  };
  return registry.add(new Lease({ type: 'HttpNfcLease', value }, request, registry, clock));
}

/** The host that URLs of the disks and guest files of a VM name; undefined: none, for the client knows it. */
export function hostInUrls({ faults, servers, registry }: LabContext, { home }: LabVm): string | undefined {
  switch (faults.leaseUrls) {
    case 'asterisk':
      return undefined;
    case 'host':
      return servers.main.authority;
    case 'esx':
      return servers.ofHost(home.host).authority;
    case 'unresolvable':
      return String(registry.get(home.host).property('name'));
    case 'unreachable':
      return '127.0.0.1:9';
  }
}

/** A lease is answered at once and can be used a moment later, as on a real server. */
async function becomeReadyLater(
  lab: LabContext,
  lease: Lease,
  prepare: () => Promise<readonly LeaseFile[]>,
): Promise<void> {
  try {
    await lab.clock.sleep(lab.faults.taskStepMs, lease.endSignal);
    lease.becomeReady(await prepare());
  } catch (error) {
    lease.fail(
      error instanceof VimFault
        ? error
        : new VimFault('SystemError', String(error), { reason: String(error) }),
    );
  }
}
