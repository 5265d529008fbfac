import type { InventoryKeeper } from '../core/inventory/inventoryKeeper.ts';
import type { InventoryOwner } from '../core/inventory/node/fileInventoryKeeper.ts';
import type { LiveRow, RowPage } from './liveInventory.ts';

interface ReadRows {
  readonly key: string;
  readonly rows: readonly LiveRow[];
}

/** Rows of inventories that were kept, page by page; the inventory that was asked for last is held until its last page. */
export class KeptRows {
  readonly #keeperOf: (owner: InventoryOwner) => InventoryKeeper;
  #held: ReadRows | undefined;

  constructor(keeperOf: (owner: InventoryOwner) => InventoryKeeper) {
    this.#keeperOf = keeperOf;
  }

  /** The next rows by id, after the one with that id; none if nothing is kept. */
  async page(
    owner: InventoryOwner,
    after: string | undefined,
    maxRows: number,
    signal: AbortSignal,
  ): Promise<RowPage> {
    const key = [owner.url, owner.user, owner.fingerprint].join('\n');
    const held = after !== undefined && this.#held?.key === key ? this.#held : undefined;
    const read = held ?? (await this.#read(key, owner, signal));
    const rest = after === undefined ? read.rows : read.rows.filter(({ ref }) => ref.value > after);
    const isLast = rest.length <= maxRows;
    this.#held = isLast ? undefined : read;
    const rows = rest.slice(0, maxRows);
    return { rows, next: isLast ? undefined : rows.at(-1)?.ref.value };
  }

  async forget(owner: InventoryOwner): Promise<void> {
    await this.#keeperOf(owner).forget();
  }

  async #read(key: string, owner: InventoryOwner, signal: AbortSignal): Promise<ReadRows> {
    const kept = await this.#keeperOf(owner).read(signal);
    const rows = (kept?.rows ?? []).map(row => ({ ...row, asOf: kept?.asOf, tags: [] }));
    return { key, rows: rows.sort((one, other) => (one.ref.value < other.ref.value ? -1 : 1)) };
  }
}
