import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from '../base/clock.ts';
import { type AppError, CancelledError, toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { InventoryModel, InventoryRow } from '../core/inventory/inventoryModel.ts';
import {
  newInventoryModel,
  watchInventory,
  watchRetryMs,
  type WatchStage,
} from '../core/inventory/inventoryWatch.ts';
import { type SeenInGuest, withSeen } from '../core/consistency/guest/seenInGuest.ts';
import type { InventoryKeeper } from '../core/inventory/inventoryKeeper.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import type { Tag } from '../core/vsphere/node/tags.ts';
import { LiveTags, type LiveTagsDeps } from './liveTags.ts';
import { SeenGuests } from './seenGuests.ts';
import { Throttle } from './throttle.ts';

/** A VM with the tags it had when they were last asked for. */
export interface LiveRow extends InventoryRow {
  readonly tags: readonly Tag[];
}

/** Rows that are different, and ids of VMs that are gone. */
export interface RowChanges {
  readonly changed: readonly LiveRow[];
  readonly removed: readonly string[];
  /** Nothing is known any more; whoever asks hears why. */
  readonly isLost: boolean;
}

export interface RowPage {
  readonly rows: readonly LiveRow[];
  /** Where the next page begins; undefined for the last one. */
  readonly next: string | undefined;
}

export interface LiveInventoryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told in small portions, soon after it happened; that everything is lost, at once. */
  readonly onChanged: (changes: RowChanges) => void;
  /** Where it is kept between two runs of the worker. */
  readonly keeper: InventoryKeeper;
  /** Undefined for a server that has no tags. */
  readonly readTags: LiveTagsDeps['read'] | undefined;
}

/** How much is waited for; in every case no longer than until nothing more can be known. */
export type Wanted =
  /** Some rows, as they were kept if need be. */
  | 'first'
  /** Every row; the details of a small inventory as well. */
  | 'all';

const firstRows = 100;
/** Details of so many VMs come so soon that they are worth waiting for. */
const smallInventory = 300;

/** Rows put together without a break. */
const rowsPerTurn = 500;

/** What came since is lost if the worker is killed: it only costs that old rows are shown for some seconds. */
const keepIntervalMs = 5 * 60_000;
/** For the last time, when the worker ends. */
const keepTimeoutMs = 5000;

const tellIntervalMs = 100;
/** Rows told in one turn: judging and writing them takes time, in which nobody else is served. */
const rowsPerTelling = 25;

/**
 * The VMs of one server, known at any time without asking it. It begins to watch when it is first asked; what it knows
 * outlives broken connections and ends of the worker, and says as of when it is until the server has confirmed it.
 */
export class LiveInventory implements AsyncDisposable {
  readonly #session: VimSession;
  readonly #deps: LiveInventoryDeps;
  readonly #model: InventoryModel;
  readonly #end = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #tags: LiveTags | undefined;
  readonly #seen: SeenGuests;
  readonly #toTell: Throttle;
  readonly #untold = new Set<string>();
  #stage: WatchStage = 'places';
  /** Everything was known once. */
  #isWhole = false;
  /** Why nothing comes at the moment. */
  #lost: AppError | undefined;
  #watch: Promise<void> | undefined;
  #telling: Promise<void> = Promise.resolve();
  readonly #toKeep: Throttle;
  /** Not yet kept as it is. */
  #isUnkept = false;
  #isForgotten = false;
  #hasRecalled = false;
  #keeping: Promise<void> = Promise.resolve();

  constructor(session: VimSession, deps: LiveInventoryDeps) {
    this.#session = session;
    this.#deps = deps;
    this.#model = newInventoryModel(session);
    this.#seen = new SeenGuests(deps.clock);
    const { readTags } = deps;
    this.#tags = readTags === undefined ? undefined : new LiveTags({ ...deps, read: readTags });
    this.#toTell = new Throttle(deps.clock, tellIntervalMs, () => {
      this.#telling = this.#telling.then(async () => await this.#tell());
    });
    this.#toKeep = new Throttle(deps.clock, keepIntervalMs, () => {
      this.#keeping = this.#keeping.then(async () => await this.#keep(this.#end.signal));
    });
  }

  /**
   * The next rows by id, after the one with that id.
   * @throws why there is nothing to show, if nothing was known before; CANCELLED
   */
  async page(
    wanted: Wanted,
    after: string | undefined,
    maxRows: number,
    signal: AbortSignal,
  ): Promise<RowPage> {
    await this.#untilEnough(wanted, signal);
    const ids = this.#model.vmIds().sort();
    const rest = after === undefined ? ids : ids.filter(id => id > after);
    // Whoever begins a list looks at everything anew.
    if (after === undefined) this.#refreshTags();
    const rows = rest.slice(0, maxRows).flatMap(id => this.#row(id) ?? []);
    return { rows, next: rest.length > maxRows ? rest[maxRows - 1] : undefined };
  }

  /** Every row, in no order. @throws as `page` */
  async rows(signal: AbortSignal): Promise<LiveRow[]> {
    const rows: LiveRow[] = [];
    let after: string | undefined;
    do {
      const page = await this.page('all', after, rowsPerTurn, signal);
      rows.push(...page.rows);
      after = page.next;
      await nextTurn();
    } while (after !== undefined);
    return rows;
  }

  /** Undefined for a VM that is not there. @throws as `page` */
  async row(id: string, signal: AbortSignal): Promise<LiveRow | undefined> {
    await this.#untilEnough('all', signal);
    return this.#row(id);
  }

  /** From now on a part of what is known of the VM. */
  addSeen(id: string, seen: SeenInGuest): void {
    this.#seen.add(id, seen);
    this.#untold.add(id);
    this.#toTell.request();
  }

  /** What somebody has seen in the guest of a VM lately. */
  seenIn(id: string): SeenInGuest | undefined {
    return this.#seen.of(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#tags?.[Symbol.asyncDispose]();
    await this.#watch;
    await this.#telling;
    await this.#keeping;
    await this.#keep(AbortSignal.timeout(keepTimeoutMs));
  }

  /** Nothing of it is kept any more, now or later. */
  async forget(): Promise<void> {
    this.#isForgotten = true;
    await this.#keeping;
    await this.#deps.keeper.forget();
  }

  async #untilEnough(wanted: Wanted, signal: AbortSignal): Promise<void> {
    this.#watch ??= this.#run();
    while (!this.#isEnough(wanted)) {
      if (this.#lost !== undefined) throw this.#lost;
      await this.#nextChange(signal);
    }
  }

  #isEnough(wanted: Wanted): boolean {
    if (this.#isWhole || this.#stage === 'current') return true;
    const { toldCount, isRecalled } = this.#model;
    if (this.#stage === 'details') return toldCount > smallInventory;
    return wanted === 'first' && (isRecalled || (this.#stage === 'rows' && toldCount >= firstRows));
  }

  async #run(): Promise<void> {
    const signal = this.#end.signal;
    this.#lost = undefined;
    const deps = { ...this.#deps, retryMs: watchRetryMs };
    try {
      await this.#recall(signal);
      for await (const change of watchInventory(this.#session, this.#model, deps, signal)) {
        this.#stage = change.stage;
        this.#lost = change.lost;
        if (change.stage === 'current' && !this.#isWhole) {
          this.#isWhole = true;
          this.#refreshTags();
        }
        // What is stale, or lies elsewhere, is a property of every row.
        const all = change.placesChanged || change.lost !== undefined;
        const ids = all && this.#isWhole ? this.#model.vmIds() : change.changed;
        for (const id of [...ids, ...change.removed]) this.#untold.add(id);
        if (this.#untold.size > 0) this.#toTell.request();
        this.#isUnkept ||= ids.length > 0 || change.removed.length > 0;
        if (this.#isWhole && this.#isUnkept && change.lost === undefined) this.#toKeep.request();
        this.#wakeAll();
      }
    } catch (error) {
      this.#lost = toAppError(error);
      if (signal.aborted) return;
      // Whoever asks next tries again, for instance with a session that may see more. Until then nothing is shown as
      // known: a server that shows another certificate, say, is not the one it is known of.
      this.#watch = undefined;
      this.#isWhole = false;
      this.#stage = 'places';
      this.#model.endRecall();
      this.#deps.logger.warn('the live inventory has ended', { reason: this.#lost.message });
      this.#untold.clear();
      this.#deps.onChanged({ changed: [], removed: [], isLost: true });
    } finally {
      this.#wakeAll();
    }
  }

  async #recall(signal: AbortSignal): Promise<void> {
    if (this.#hasRecalled) return;
    this.#hasRecalled = true;
    const kept = await this.#deps.keeper.read(signal);
    if (kept === undefined) return;
    this.#model.recall(kept);
    this.#wakeAll();
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { currentAt } = this.#model;
    if (!this.#isWhole || !this.#isUnkept || this.#isForgotten || currentAt === undefined) return;
    this.#isUnkept = false;
    try {
      await this.#deps.keeper.write(currentAt, this.#rowsInTurns(), signal);
    } catch (error) {
      this.#isUnkept = true;
      if (!signal.aborted)
        this.#deps.logger.warn('the inventory cannot be kept', { reason: toAppError(error).message });
    }
  }

  *#rowsInTurns(): Generator<InventoryRow, void, undefined> {
    for (const id of this.#model.vmIds()) {
      const row = this.#model.row(id);
      if (row !== undefined) yield row;
    }
  }

  #row(id: string): LiveRow | undefined {
    const row = this.#model.row(id);
    if (row === undefined) return undefined;
    const seen = this.#seen.of(id);
    const facts = seen === undefined ? row.facts : withSeen(row.facts, seen);
    return { ...row, facts, tags: this.#tags?.of(id) ?? [] };
  }

  /** Not before all VMs are known: those that come later would have none until somebody looks again. */
  #refreshTags(): void {
    if (!this.#isWhole) return;
    this.#tags?.refresh(
      () => this.#model.vmIds(),
      changed => {
        for (const id of changed) this.#untold.add(id);
        this.#toTell.request();
      },
    );
  }

  async #tell(): Promise<void> {
    while (this.#untold.size > 0 && !this.#end.signal.aborted) {
      const ids = [...this.#untold].slice(0, rowsPerTelling);
      for (const id of ids) this.#untold.delete(id);
      const rows = ids.map(id => [id, this.#row(id)] as const);
      this.#deps.onChanged({
        changed: rows.flatMap(([, row]) => row ?? []),
        removed: rows.flatMap(([id, row]) => (row === undefined ? [id] : [])),
        isLost: false,
      });
      await nextTurn();
    }
  }

  async #nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CancelledError();
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiting.delete(wake);
        reject(new CancelledError());
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
