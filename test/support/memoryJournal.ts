import type { JournalledLease, Lease, LeaseJournal } from '../../src/core/journal/leaseJournal.ts';

export interface MemoryJournal extends LeaseJournal {
  /** What was written down and not settled, oldest first. */
  readonly open: readonly Lease[];
}

/** A journal that forgets everything with its process. */
export function memoryJournal(): MemoryJournal {
  const records = new Map<string, Lease>();
  let lastNumber = 0;
  return {
    installationId: 'test-installation',
    machineId: 'test_machine',
    openLeases: async () => [...records.values()],
    get open() {
      return [...records.values()];
    },
    record: async <L extends Lease>(lease: L): Promise<JournalledLease<L>> => {
      const id = String((lastNumber += 1));
      let current = lease;
      records.set(id, lease);
      return {
        id,
        get record() {
          return current;
        },
        update: async record => {
          current = record;
          records.set(id, record);
        },
        settle: async () => void records.delete(id),
      };
    },
    takeOverLeftovers: async () => [],
    damagedRecords: async () => [],
  };
}
