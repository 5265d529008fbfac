import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import { VimFault } from '../soap/vimFault.ts';
import type { PropertyFilter } from './propertyFilter.ts';

export type UpdateSet = Readonly<Record<string, unknown>>;

/** The most objects one answer holds, whatever the client asks for. */
export const maxObjectsPerAnswer = 100;

/**
 * A property collector as one session sees it: its filters and how far the client has been told. The server's own
 * collector is shared by name, not by state.
 */
export class Collector implements ManagedObject {
  readonly ref: MoRef;
  readonly #registry: ObjectRegistry;
  readonly #filters = new Map<string, PropertyFilter>();
  #version = 0;
  #lastAnswer: UpdateSet | undefined;
  #waiting: AbortController | undefined;

  constructor(ref: MoRef, registry: ObjectRegistry) {
    this.ref = ref;
    this.#registry = registry;
  }

  property(): unknown {
    return [...this.#filters.values()].map(filter => filter.ref);
  }

  addFilter(filter: PropertyFilter): void {
    this.#filters.set(filter.ref.value, filter);
    this.#registry.changed(filter.ref);
  }

  /** Whether the filter was here. */
  dropFilter(ref: MoRef): boolean {
    return this.#filters.delete(ref.value);
  }

  /** Ends the waiting call, which then answers with the fault RequestCanceled. */
  cancelWait(): void {
    this.#waiting?.abort();
  }

  /**
   * The changes since `version`, as soon as there are any; undefined if there are none in time. Asked again with the
   * version before, it repeats its last answer: the client may have lost it.
   * @param maxWaitMs  undefined to wait as long as it takes
   * @throws VimFault InvalidCollectorVersion, RequestCanceled
   */
  async waitForUpdates(
    version: string,
    maxUpdates: number,
    maxWaitMs: number | undefined,
    signal: AbortSignal,
  ): Promise<UpdateSet | undefined> {
    if (version === '') {
      for (const filter of this.#filters.values()) filter.startOver();
      this.#lastAnswer = undefined;
    } else if (version === String(this.#version - 1) && this.#lastAnswer !== undefined) {
      return this.#lastAnswer;
    } else if (version !== String(this.#version)) {
      throw new VimFault('InvalidCollectorVersion', 'The version is not one this collector has given.');
    }
    this.#waiting?.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    const limits = [signal, waiting.signal];
    if (maxWaitMs !== undefined) limits.push(AbortSignal.timeout(maxWaitMs));
    const until = AbortSignal.any(limits);
    try {
      for (;;) {
        const answer = this.#takeAnswer(maxUpdates);
        if (answer !== undefined) return answer;
        if (until.aborted) return undefined;
        await this.#registry.nextChange(until);
        if (isAborted(waiting.signal)) throw canceled();
      }
    } finally {
      if (this.#waiting === waiting) this.#waiting = undefined;
    }
  }

  #takeAnswer(maxUpdates: number): UpdateSet | undefined {
    const filterSet: UpdateSet[] = [];
    let left = maxUpdates;
    let anyTruncated = false;
    for (const filter of this.#filters.values()) {
      const { updates, truncated } = filter.takeUpdates(this.#registry, Math.max(0, left));
      left -= updates.length;
      anyTruncated ||= truncated;
      if (updates.length > 0) filterSet.push({ filter: filter.ref, objectSet: updates });
    }
    if (filterSet.length === 0) return undefined;
    this.#version += 1;
    this.#lastAnswer = {
      version: String(this.#version),
      filterSet,
      ...(anyTruncated && { truncated: true }),
    };
    return this.#lastAnswer;
  }
}

/** Asked through a function: the compiler takes what it has seen once for settled. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function canceled(): VimFault {
  return new VimFault('RequestCanceled', 'The task was canceled by a user.');
}
