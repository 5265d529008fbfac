import type { Clock } from './clock.ts';
import { type Bottleneck, bottleneckOf, type Waits } from './waits.ts';

/** As far back as a rate looks. */
const windowMs = 10_000;

/** The bottleneck of the last seconds. */
export class WaitMeter {
  readonly #clock: Clock;
  /** Oldest first; the first one is the newest sample at or before the start of the window. */
  readonly #samples: { readonly atMs: number; readonly waits: Waits }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param waits  all so far; undefined if nothing is known, which ends the measurement */
  update(waits: Waits | undefined): void {
    const last = this.#samples.at(-1)?.waits;
    if (waits === undefined || (last !== undefined && allOf(waits) < allOf(last))) this.#samples.length = 0;
    if (waits === undefined) return;
    const atMs = this.#clock.monotonicMs();
    this.#samples.push({ atMs, waits });
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - windowMs) this.#samples.shift();
  }

  bottleneck(): Bottleneck | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return undefined;
    return bottleneckOf({
      sourceMs: last.waits.sourceMs - first.waits.sourceMs,
      cpuMs: last.waits.cpuMs - first.waits.cpuMs,
      targetMs: last.waits.targetMs - first.waits.targetMs,
    });
  }
}

function allOf({ sourceMs, cpuMs, targetMs }: Waits): number {
  return sourceMs + cpuMs + targetMs;
}
