import type { AppError } from '../../../base/errors.ts';
import type { Manifest } from '../../catalog/manifest.ts';
import { compareLevels } from '../../consistency/level.ts';
import type { Standing } from '../../consistency/recovery/goal.ts';

/**
 * `failed`: no restore point. `degraded`: there is one, but less is proven than was asked for, or something is wrong.
 * `missed`: the newest restore point of a VM is older than its goal allows, or there is none.
 */
export type NoticeKind = 'failed' | 'degraded' | 'missed';

/** Something that people shall hear of although nobody looks. Holds no secret. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly at: Date;
  /** The VM, as the user knows it. */
  readonly vmName: string;
  /** A sentence without its full stop. */
  readonly message: string;
  readonly remedy?: string;
  /** Of the error, `AppError`. */
  readonly code?: string;
}

/** What came of a backup, as far as it is to be judged. */
export interface EndedBackup {
  readonly manifest: Pick<Manifest, 'vm' | 'consistency'>;
  readonly problems: readonly AppError[];
  readonly warnings: readonly AppError[];
}

export function noticeOfFailure(vmName: string, { code, message, remedy }: AppError, at: Date): Notice {
  return { kind: 'failed', at, vmName, message, code, ...(remedy !== undefined && { remedy }) };
}

/** Undefined for a backup that is as it was asked for. */
export function noticeOfBackup({ manifest, problems, warnings }: EndedBackup, at: Date): Notice | undefined {
  const vmName = manifest.vm.name;
  const { requested, proven, downgrades } = manifest.consistency;
  const [problem] = [...warnings, ...problems];
  if (problem !== undefined) return { ...noticeOfFailure(vmName, problem, at), kind: 'degraded' };
  if (compareLevels(proven, requested) >= 0) return undefined;
  const why = downgrades.at(-1)?.reason;
  const message = `${vmName}: ${requested} consistency was asked for, proven is ${proven}`;
  return { kind: 'degraded', at, vmName, message: why === undefined ? message : `${message}: ${why}` };
}

/** Undefined unless a restore point is missing now, and nobody has accepted that. */
export function noticeOfStanding(
  vmName: string,
  { state, gaps }: Pick<Standing, 'state' | 'gaps'>,
  at: Date,
): Notice | undefined {
  const gap = gaps.find(({ kind }) => kind === 'age' || kind === 'no-restore-point');
  if (state !== 'gap' || gap === undefined) return undefined;
  return {
    ...{ kind: 'missed', at, vmName, message: `${vmName}: ${gap.text}` },
    remedy: 'Find out why its backups have not run, and back it up',
  };
}
