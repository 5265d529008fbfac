import { type BusyPlace, SharedCapacity, type WantedTurns } from '../../../base/async/sharedCapacity.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { VirtualDiskFacts } from '../../inventory/virtualDisk.ts';
import type { NamedRef, VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';

/** How many VMs at a time have a snapshot of a backup, and how many of their disks are read. */
export interface ParallelLimits {
  /** Each host serves its transfers from one small process, and has few of them. */
  readonly perHost: number;
  /** What is written meanwhile grows there beside what is read. */
  readonly perDatastore: number;
  readonly perVCenter: number;
}

export const usualParallelLimits: ParallelLimits = { perHost: 4, perDatastore: 4, perVCenter: 8 };

/** More connections than that a vCenter does not give to one client. */
export const parallelRange = { min: 1, max: 40 };

type SlotVm = Pick<VirtualMachineFacts, 'host' | 'datastores'>;

const uses = { vm: 'VMs are backed up', disk: 'disks are read' } as const;

/**
 * What all backups of a process share. A VM has its turn before its snapshot is taken, so that no snapshot waits; each of
 * its disks then has one of its own. Who has that of a disk waits for nothing here: there is always somebody who goes on.
 */
export class TransferSlots {
  readonly #capacity = new SharedCapacity();
  #limits: ParallelLimits;

  constructor(limits: ParallelLimits) {
    this.#limits = limits;
  }

  /** Whoever is at it stays. */
  setLimits(limits: ParallelLimits): void {
    this.#limits = limits;
    this.#capacity.reconsider();
  }

  /** The turn of all of these VMs at once; more than are allowed have it when nobody else has. */
  async ofVms(
    vcenterId: string,
    vms: readonly SlotVm[],
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Disposable> {
    const wanted = vms.flatMap(vm => this.#wanted('vm', vcenterId, vm.host, vm.datastores));
    return await this.#capacity.take(summed(wanted), told('vm', onProgress), signal);
  }

  async ofDisk(
    vcenterId: string,
    { host, datastores }: SlotVm,
    { backing }: Pick<VirtualDiskFacts, 'backing'>,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Disposable> {
    const datastore = datastores.find(({ ref }) => ref.value === backing.datastore?.value);
    const wanted = this.#wanted('disk', vcenterId, host, datastore === undefined ? [] : [datastore]);
    return await this.#capacity.take(wanted, told('disk', onProgress), signal);
  }

  #wanted(
    use: keyof typeof uses,
    vcenterId: string,
    host: NamedRef | undefined,
    datastores: readonly NamedRef[],
  ): readonly WantedTurns[] {
    const turn = (id: string, label: string, limit: () => number): WantedTurns => ({
      place: { key: `${use} ${vcenterId} ${id}`, label, limit },
      count: 1,
    });
    return [
      turn('', 'the vCenter', () => this.#limits.perVCenter),
      ...(host === undefined ? [] : [turn(host.ref.value, `host ${host.name}`, () => this.#limits.perHost)]),
      ...datastores.map(({ ref, name }) =>
        turn(ref.value, `datastore ${name}`, () => this.#limits.perDatastore),
      ),
    ];
  }
}

function summed(wanted: readonly WantedTurns[]): readonly WantedTurns[] {
  const byKey = new Map<string, WantedTurns>();
  for (const { place, count } of wanted)
    byKey.set(place.key, { place, count: count + (byKey.get(place.key)?.count ?? 0) });
  return [...byKey.values()];
}

function told(use: keyof typeof uses, onProgress: ProgressListener): (busy: BusyPlace) => void {
  return ({ label, used, limit }) => {
    const phase = `Waiting for ${label}: ${used} of ${limit} ${uses[use]}`;
    onProgress({ phase, doneBytes: 0, totalBytes: undefined });
  };
}
