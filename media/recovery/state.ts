import type { PointRef } from '../../src/protocol/point.ts';
import type { VmRef } from '../../src/protocol/vm.ts';

/** Where the page stands. It is kept across hiding and reloads, so it is plain and small. */
export interface RecoveryState {
  /** The restore point that is looked at; without one it is the newest, whichever that is by then. */
  readonly point?: PointRef;
}

const savedVersion = 1;

/** What the editor keeps for the page. It reads `vm` when it brings the panel back. */
export function savedState(vm: VmRef, state: RecoveryState): unknown {
  return { version: savedVersion, vm, ...state };
}

/** What was kept, as far as it makes sense: another version of this page may have written it. */
export function restoredState(saved: unknown): RecoveryState {
  const { version, point } = (saved ?? {}) as {
    readonly version?: unknown;
    readonly point?: Partial<PointRef>;
  };
  if (version !== savedVersion) return {};
  if (typeof point?.repository !== 'string' || typeof point.point !== 'string') return {};
  return { point: { repository: point.repository, point: point.point } };
}
