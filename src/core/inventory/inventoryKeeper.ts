import type { InventoryRow, KeptInventory } from './inventoryModel.ts';

/** Where the inventory of one server, as one user sees it, is kept over the ends of processes. */
export interface InventoryKeeper {
  /** Undefined if none is kept, or what is kept cannot be trusted to be whole. Never throws but CANCELLED. */
  read(signal: AbortSignal): Promise<KeptInventory | undefined>;
  /**
   * In the place of the one before; that one stays if it fails.
   * @param rows  taken one by one with breaks in between, so that writing holds up nobody
   */
  write(asOf: Date, rows: Iterable<InventoryRow>, signal: AbortSignal): Promise<void>;
  forget(): Promise<void>;
}
