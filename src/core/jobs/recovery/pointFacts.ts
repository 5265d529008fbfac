import type { Manifest } from '../../catalog/manifest.ts';
import type { Coverage } from '../../consistency/assess.ts';
import type { ConsistencyLevel } from '../../consistency/level.ts';

/** What a restore point's manifest says of recovering from it. It never changes. */
export interface PointFacts {
  readonly takenAt: Date;
  readonly proven: ConsistencyLevel;
  readonly coverage: Coverage;
  readonly usedVss: boolean;
  readonly isDomainController: boolean;
  /** Of the disks that a restore of the whole VM writes. */
  readonly capacityBytes: number;
}

/** Rules of proof that judge a manifest of VSS. */
const vssRules: ReadonlySet<string> = new Set(['E4', 'E5']);

export function pointFacts({ takenAt, consistency, disks, leftOutDisks }: Manifest): PointFacts {
  const { proven, evidence, applications = [] } = consistency;
  return {
    takenAt: new Date(takenAt),
    proven,
    coverage: disks.length === 0 ? 'nothing' : leftOutDisks.length === 0 ? 'whole-vm' : 'partial',
    usedVss: evidence.some(({ rule }) => vssRules.has(rule)),
    isDomainController:
      applications.some(({ name }) => name === 'NTDS') ||
      evidence.some(({ items = [] }) => items.includes('NTDS')),
    capacityBytes: disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
  };
}
