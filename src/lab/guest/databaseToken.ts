import { tokenBytes, tokenPath } from '../images/guestTree.ts';
import type { LabVm } from '../model/labVm.ts';

/**
 * What the freeze script of a guest's database writes into its token: that it holds the database, which it may have given
 * up before the snapshot. The file is there from the beginning, with its block.
 */
export async function writeHold(vm: LabVm): Promise<void> {
  const { hold } = vm.nature.inside;
  if (hold === 'held') await write(vm, 'HELD\n');
  if (hold === 'expired') await write(vm, 'HELD\nEXPIRED\n');
}

/** What the thaw script writes. */
export async function writeRelease(vm: LabVm): Promise<void> {
  if (vm.nature.inside.hold === 'held') await write(vm, 'HELD\nRELEASED\n');
}

async function write(vm: LabVm, text: string): Promise<void> {
  for (const { disk, files } of vm.guest?.linuxMounts.slice(0, 1) ?? []) {
    const run = files.find(({ path }) => path === tokenPath)?.runs?.[0];
    if (run !== undefined) await disk.write(run.startBytes, Buffer.from(text.padEnd(tokenBytes, ' ')));
  }
}
