import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ManagedObject, PlainObject } from '../model/managedObject.ts';
import { TypedValue } from '../soap/encodeResponse.ts';

export interface CollectorParts {
  readonly ref: MoRef;
  readonly filterType: 'EventFilterSpec' | 'TaskFilterSpec';
  readonly filter: PlainObject;
  /** Everything that fits the filter now, oldest first. */
  readonly items: () => readonly PlainObject[];
}

const defaultPageSize = 10;
export const maxPageSize = 1000;

/** A client's way through events or tasks that fit its filter. It begins before the oldest. */
export class HistoryCollector implements ManagedObject {
  readonly ref: MoRef;
  readonly #parts: CollectorParts;
  #pageSize = defaultPageSize;
  #position = 0;

  constructor(parts: CollectorParts) {
    this.ref = parts.ref;
    this.#parts = parts;
  }

  property(name: string): unknown {
    const { filterType, filter, items } = this.#parts;
    if (name === 'filter') return new TypedValue(filterType, false, filter);
    return items().slice(-this.#pageSize).toReversed();
  }

  setPageSize(size: number): void {
    this.#pageSize = size;
  }

  /** To before the oldest. */
  rewind(): void {
    this.#position = 0;
  }

  /** To just before the latest page. */
  reset(): void {
    this.#position = Math.max(0, this.#parts.items().length - this.#pageSize);
  }

  /** Newer ones, oldest first; none at the end. */
  readNext(maxCount: number): readonly PlainObject[] {
    const page = this.#parts.items().slice(this.#position, this.#position + maxCount);
    this.#position += page.length;
    return page;
  }

  /** Older ones, newest first; none at the beginning. */
  readPrevious(maxCount: number): readonly PlainObject[] {
    const from = Math.max(0, this.#position - maxCount);
    const page = this.#parts.items().slice(from, this.#position).toReversed();
    this.#position = from;
    return page;
  }
}
