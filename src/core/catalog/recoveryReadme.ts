import type { Manifest } from './manifest.ts';
import { layout } from './restorePointLayout.ts';

/** How to get everything back without this product: a text in every restore point. */
export function recoveryReadme(manifest: Manifest): string {
  const disks = manifest.disks.map(
    disk => `  ${layout.disks}/${disk.key}   ${disk.label}, ${disk.capacityBytes} bytes (${disk.attachment})`,
  );
  const exampleKey = manifest.disks[0]?.key ?? 2000;
  return `Restore point of the virtual machine "${manifest.vm.name}" (${manifest.vm.instanceUuid}), taken ${manifest.takenAt}.

This repository has the format of restic, version 2. Nothing but restic and the repository password is needed:

  restic -r REPOSITORY restore ID --include /${layout.disks}/${exampleKey} --target T
  cat T/${layout.disks}/${exampleKey}/*/${layout.raw} | dd of=disk.raw bs=1M conv=sparse
  truncate -s SIZE disk.raw        (SIZE as below; dd leaves out zeros at the end)

Each disk is cut into parts of ${manifest.disks[0]?.partBytes ?? 0} bytes, one folder each; put together in the order of
their names they are the raw disk, which any hypervisor tool can attach or convert (qemu-img convert).

Disks:
${disks.join('\n')}

${layout.config}    the VM's configuration as the server described it
${layout.manifest}  what was backed up, how, and how consistent it is
`;
}
