import type { JournalledLease, Lease, LeaseJournal, LeftoverLease } from '../core/journal/leaseJournal.ts';

/** What has to be open to give a leftover back. */
export interface LeftoverPlaces {
  readonly vcenterIds: ReadonlySet<string>;
  readonly repositoryIds: ReadonlySet<string>;
}

/**
 * Leases nobody works with any more, for the guard: what dead processes left, and what jobs of this process could not
 * give back. A process that ends leaves those to the next one; this one lives on and has to remember them itself.
 */
export class Leftovers {
  readonly #journal: LeaseJournal;
  readonly #waiting = new Map<string, LeftoverLease>();

  constructor(journal: LeaseJournal) {
    this.#journal = journal;
  }

  /** For one job. What it has not settled when this is disposed of is left over. */
  journalOfJob(now: () => Date): LeaseJournal & Disposable {
    const open = new Map<string, LeftoverLease>();
    return {
      ...this.#delegated(),
      record: async <L extends Lease>(record: L): Promise<JournalledLease<L>> => {
        const lease = await this.#journal.record(record);
        const watched = withSettled(lease, () => open.delete(lease.id));
        open.set(lease.id, { lease: watched, recordedAt: now() });
        return watched;
      },
      [Symbol.dispose]: () => {
        for (const leftover of open.values()) this.#add(leftover);
      },
    };
  }

  /** For the guard: besides new leftovers it is given those that are still waiting. */
  journalOfGuard(): LeaseJournal {
    return {
      ...this.#delegated(),
      record: async lease => await this.#journal.record(lease),
      takeOverLeftovers: async () => {
        await this.#collect();
        return [...this.#waiting.values()];
      },
    };
  }

  /**
   * What the guard would have to have open.
   * @param isWithinReach  whether a leftover could be given back once it is open; others are not looked at
   */
  async places(isWithinReach: (lease: Lease) => boolean = () => true): Promise<LeftoverPlaces> {
    await this.#collect();
    const vcenterIds = new Set<string>();
    const repositoryIds = new Set<string>();
    for (const { lease } of this.#waiting.values()) {
      const { record } = lease;
      if (!isWithinReach(record)) continue;
      if (record.kind === 'repository-lock') repositoryIds.add(record.repositoryId);
      else vcenterIds.add(record.vcenterId);
    }
    return { vcenterIds, repositoryIds };
  }

  async #collect(): Promise<void> {
    for (const leftover of await this.#journal.takeOverLeftovers()) this.#add(leftover);
  }

  #add({ lease, recordedAt }: LeftoverLease): void {
    const watched = withSettled(lease, () => this.#waiting.delete(lease.id));
    this.#waiting.set(lease.id, { lease: watched, recordedAt });
  }

  #delegated(): Pick<
    LeaseJournal,
    'installationId' | 'machineId' | 'openLeases' | 'takeOverLeftovers' | 'damagedRecords'
  > {
    return {
      installationId: this.#journal.installationId,
      machineId: this.#journal.machineId,
      openLeases: async () => await this.#journal.openLeases(),
      takeOverLeftovers: async () => await this.#journal.takeOverLeftovers(),
      damagedRecords: async () => await this.#journal.damagedRecords(),
    };
  }
}

/** The same lease, with somebody told once it is settled. */
function withSettled<L extends Lease>(lease: JournalledLease<L>, onSettled: () => void): JournalledLease<L> {
  return {
    id: lease.id,
    get record() {
      return lease.record;
    },
    update: async record => {
      await lease.update(record);
    },
    settle: async () => {
      await lease.settle();
      onSettled();
    },
  };
}
