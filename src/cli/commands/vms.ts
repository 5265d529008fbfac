import { formatBytes } from '../../base/units.ts';
import { listVirtualMachines } from '../../core/inventory/listVirtualMachines.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { vcenterOption } from './options.ts';

export const vms: Command = {
  name: 'vms',
  summary: 'List the VMs of a vCenter or host',
  operands: [],
  options: vcenterOption,
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const machines = await listVirtualMachines(connection.session, context.signal);
    context.output.result(machines, () =>
      table(
        ['NAME', 'ID', 'POWER', 'GUEST', 'DISKS', 'CAPACITY', 'SNAPSHOTS', 'PATH'],
        machines.map(vm => [
          vm.name,
          vm.ref.value,
          vm.powerState === 'poweredOn' ? 'on' : vm.powerState === 'poweredOff' ? 'off' : vm.powerState,
          vm.guestName ?? '',
          String(vm.diskCount),
          formatBytes(vm.capacityBytes),
          vm.hasSnapshots ? 'yes' : 'no',
          vm.inventoryPath,
        ]),
        new Set([4, 5]),
      ),
    );
    return undefined;
  },
};
