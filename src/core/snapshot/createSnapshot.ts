import { AppError } from '../../base/errors.ts';
import type { VmIdentity } from '../inventory/listVirtualMachines.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import type { Vim } from '../vsphere/vimCaller.ts';

/**
 * What is asked of the guest: `none`, nothing; `tools`, whatever its tools do by default; or a specification for
 * Windows (VSS backup type and context) or any guest (a time-out in minutes), which needs vSphere 6.5.
 */
export type QuiesceRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'tools' }
  | {
      readonly kind: 'specified';
      readonly spec: Vim<'VirtualMachineGuestQuiesceSpec'> | Vim<'VirtualMachineWindowsQuiesceSpec'>;
    };

export interface NewSnapshot {
  readonly name: string;
  readonly description: string;
  readonly quiesce: QuiesceRequest;
}

/** Asks for a snapshot of the disks, without memory; gives the task that makes it. */
export async function createSnapshot(
  session: VimSession,
  vm: VmIdentity,
  { name, description, quiesce }: NewSnapshot,
  signal: AbortSignal,
): Promise<MoRef> {
  if (quiesce.kind !== 'specified') {
    const args = { name, description, memory: false, quiesce: quiesce.kind === 'tools' };
    return await session.call('CreateSnapshot_Task', vm.ref, args, signal);
  }
  if (!session.has('quiesceSpec')) {
    const { apiVersion } = session.about;
    throw new AppError('UNSUPPORTED_FORMAT', `${session.server} speaks version ${apiVersion} of the API`, {
      object: vm.name,
      remedy: 'Ask for quiescing by the tools; specifications need vSphere 6.5',
    });
  }
  const args = { name, description, memory: false, quiesceSpec: quiesce.spec };
  return await session.call('CreateSnapshotEx_Task', vm.ref, args, signal);
}
