import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { SeededRandom } from '../guest/seededRandom.ts';
import type { LabContext } from '../labContext.ts';
import { addVm } from './addVm.ts';
import { pick } from './generatedInventory.ts';
import { LabVm, type ConnectionState } from './labVm.ts';
import { removeVm } from './removeVm.ts';

const connectionStates: readonly ConnectionState[] = [
  'connected',
  'disconnected',
  'orphaned',
  'inaccessible',
];

/**
 * Changes many VMs at one moment, as if their users had all been at work: power, tools, names, folders, hosts,
 * descriptions, states of their connection. With `removals`, some are removed instead; with `additions`, some get a new VM
 * beside them. The same seed and inventory give the same changes.
 * @returns how many VMs are different now
 */
export function changeAtRandom(
  lab: LabContext,
  wanted: {
    readonly count: number;
    readonly seed: number;
    readonly removals: boolean;
    readonly additions: boolean;
  },
): number {
  const random = new SeededRandom(wanted.seed);
  const vms = [...lab.registry.instancesOf(LabVm)];
  const homes = vms.map(vm => vm.home);
  const changed = new Set<LabVm>();
  while (changed.size < Math.min(wanted.count, vms.length)) {
    const vm = pick(vms, random.nextUint32());
    if (changed.has(vm)) continue;
    changed.add(vm);
    if (wanted.removals && random.below(8) === 0) removeVm(lab, vm);
    else if (wanted.additions && random.below(8) === 0) addVm(lab, vm, random);
    else {
      changeVm(vm, random, pick(homes, random.nextUint32()));
      lab.registry.changed(vm.ref);
    }
  }
  return changed.size;
}

function changeVm(
  vm: LabVm,
  random: SeededRandom,
  elsewhere: { readonly folder: MoRef; readonly host: MoRef },
): void {
  switch (random.below(7)) {
    case 0:
      vm.powerState = vm.powerState === 'poweredOn' ? 'poweredOff' : 'poweredOn';
      break;
    case 1:
      vm.toolsStopped = !vm.toolsStopped;
      vm.consolidationNeeded = !vm.consolidationNeeded;
      break;
    case 2:
      vm.settings['name'] = `renamed-${random.below(1_000_000)}`;
      break;
    case 3:
      vm.home = { ...vm.home, folder: elsewhere.folder };
      vm.consolidationNeeded = !vm.consolidationNeeded;
      break;
    case 4:
      vm.home = { ...vm.home, host: elsewhere.host };
      vm.consolidationNeeded = !vm.consolidationNeeded;
      break;
    case 5:
      vm.settings['guestFullName'] = `Guest ${random.below(1_000_000)}`;
      break;
    default:
      vm.connectionState = pick(
        connectionStates.filter(state => state !== vm.connectionState),
        random.below(1000),
      );
  }
}
