import { attachDisk, type AttachDeps, type AttachRequest } from '../attachedDisk.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { RandomAccessDisk } from '../diskTransport.ts';
import { type BlockDeviceRequest, openBlockDevice } from './blockDeviceDisk.ts';
import type { BlockDevicePath, LocalMachine } from './localMachine.ts';

export interface HotAddRequest extends Omit<BlockDeviceRequest, 'device'>, AttachRequest {
  /** Of the disk, by which the system finds it. */
  readonly diskUuid: string;
}

export interface HotAddDeps extends AttachDeps {
  readonly machine: LocalMachine;
}

/**
 * Reads a snapshot's disk as a local one: it is attached to the VM in which this program runs, and detached when it is
 * disposed of, whatever happened.
 * @throws what `attachDisk`, `blockDevice` and `openBlockDevice` throw; nothing is attached then
 */
export async function openHotAddedDisk(
  session: VimSession,
  request: HotAddRequest,
  deps: HotAddDeps,
  signal: AbortSignal,
): Promise<RandomAccessDisk> {
  const { machine } = deps;
  const attached = await attachDisk(session, request, deps, signal);
  let device: BlockDevicePath | undefined;
  try {
    device = await machine.blockDevice(request.diskUuid, signal);
    const disk = await openBlockDevice({ ...request, device });
    return detachedAtEnd(disk, device, attached, machine);
  } catch (error) {
    if (device !== undefined) await machine.forgetDevice(device);
    await attached[Symbol.asyncDispose]();
    throw error;
  }
}

/** Nobody reads it any more when it is detached. */
function detachedAtEnd(
  disk: RandomAccessDisk,
  device: BlockDevicePath,
  attached: AsyncDisposable,
  machine: LocalMachine,
): RandomAccessDisk {
  return {
    shape: disk.shape,
    reads: disk.reads,
    sizeBytes: disk.sizeBytes,
    get receivedBytes() {
      return disk.receivedBytes;
    },
    allocatedAreas: async signal => await disk.allocatedAreas(signal),
    read: async (offsetBytes, target, signal) => {
      await disk.read(offsetBytes, target, signal);
    },
    [Symbol.asyncDispose]: async () => {
      await disk[Symbol.asyncDispose]();
      await machine.forgetDevice(device);
      await attached[Symbol.asyncDispose]();
    },
  };
}
