import { toAppError } from '../base/errors.ts';
import { standingsIn } from './serve/goals.ts';
import type { WorkerParts } from './workerParts.ts';

/** A goal is missed by the hour, not by the second. */
const lookIntervalMs = 15 * 60_000;

/** Looks whether VMs miss their goals although nobody asks, and has people told of it. */
export class GoalWatch {
  readonly #parts: WorkerParts;
  #lookedMs = -Infinity;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  async lookAround(signal: AbortSignal): Promise<void> {
    const { clock, notifier, vcenters, logger } = this.#parts;
    if (!notifier.isWanted || clock.monotonicMs() - this.#lookedMs < lookIntervalMs) return;
    this.#lookedMs = clock.monotonicMs();
    for (const { name } of vcenters.list()) {
      try {
        await using used = vcenters.use(name);
        const rows = await used.place.inventory.rows(signal);
        const { standings } = await standingsIn(this.#parts, used.place, rows, signal);
        const vcenter = used.place.endpoint.host;
        for (const { vm, standing } of standings)
          await notifier.lookedAtGoal({ vcenter, vmName: vm.name }, standing);
      } catch (error) {
        signal.throwIfAborted();
        logger.warn('it was not looked whether goals are missed', {
          vcenter: name,
          reason: toAppError(error).message,
        });
      }
    }
  }
}
