import { GiB } from '../../base/units.ts';
import type { LabContext } from '../labContext.ts';
import type { SeededRandom } from '../guest/seededRandom.ts';
import { DiskChain } from './diskChain.ts';
import { seededUuid } from './guestVms.ts';
import { LabVm } from './labVm.ts';
import { scsiDisk } from './standardHardware.ts';

/** A new VM beside another one and like it, with one disk of zeros, as if somebody had just made it. */
export function addVm(lab: LabContext, like: LabVm, random: SeededRandom): LabVm {
  const ref = { type: 'VirtualMachine', value: lab.registry.newId('vm') };
  const name = `new-${ref.value}`;
  const path = like.home.path.replace(/\] .*/, `] ${name}/`);
  const uuid = (of: string) => seededUuid(`${random.nextUint32()} ${name} ${of}`);
  return lab.registry.add(
    new LabVm(ref, {
      home: { ...like.home, path },
      settings: {
        ...like.settings,
        ...{ name, uuid: uuid('bios'), instanceUuid: uuid('instance'), template: false },
      },
      hardware: like.hardware,
      devices: like.devices,
      disks: [
        new DiskChain(
          scsiDisk(0, 'Hard disk 1', GiB, true),
          lab.disks.unwritten(`${name}-0`, GiB),
          `${path}${name}.vmdk`,
          uuid('disk').toUpperCase(),
        ),
      ],
      powerState: 'poweredOff',
      bootTime: undefined,
      toolsInstalled: like.toolsInstalled,
    }),
  );
}
