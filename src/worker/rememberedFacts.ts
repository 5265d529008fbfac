import type { PointFacts } from '../core/jobs/recovery/pointFacts.ts';
import type { NewestPoint, StandingDeps } from '../core/jobs/recovery/standings.ts';

/** So many VMs with a goal are asked for again and again without their restore points being read again. */
const maxRemembered = 10_000;

/** Restore points never change, so that what was read of one is never read again. */
export function rememberedFacts(read: StandingDeps['factsOf']): StandingDeps['factsOf'] {
  const known = new Map<string, PointFacts>();
  return async (newest: NewestPoint, signal) => {
    const key = `${newest.repository.id} ${newest.point.id}`;
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const facts = await read(newest, signal);
    known.set(key, facts);
    const [oldest] = known.keys();
    if (known.size > maxRemembered && oldest !== undefined) known.delete(oldest);
    return facts;
  };
}
