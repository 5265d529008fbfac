/** For how long a pipeline has stood still, and before which of its stages. */
export interface Waits {
  /** For what is read: the server, the network, and unpacking what comes. */
  readonly sourceMs: number;
  /** For hashing, compressing and sealing. */
  readonly cpuMs: number;
  /** For room on the way to where it is stored. */
  readonly targetMs: number;
}

export const noWaits: Waits = { sourceMs: 0, cpuMs: 0, targetMs: 0 };

/** What keeps a pipeline from being faster. */
export type Bottleneck = 'source' | 'cpu' | 'target';

/** Shorter waits say nothing. */
const leastMs = 250;

export function sumOfWaits(one: Waits, other: Waits): Waits {
  return {
    sourceMs: one.sourceMs + other.sourceMs,
    cpuMs: one.cpuMs + other.cpuMs,
    targetMs: one.targetMs + other.targetMs,
  };
}

/** What was waited for at least half of the time; undefined if there is none, or little was waited for at all. */
export function bottleneckOf({ sourceMs, cpuMs, targetMs }: Waits): Bottleneck | undefined {
  const all = sourceMs + cpuMs + targetMs;
  if (all < leastMs) return undefined;
  if (sourceMs * 2 >= all) return 'source';
  if (targetMs * 2 >= all) return 'target';
  return cpuMs * 2 >= all ? 'cpu' : undefined;
}

/** As people read it; without a full stop. */
export const bottleneckTexts = {
  source: 'limited by the source',
  cpu: 'limited by the CPU',
  target: 'limited by the target',
} as const satisfies Readonly<Record<Bottleneck, string>>;
