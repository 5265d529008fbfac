import type { AppError } from '../../../base/errors.ts';
import type { Manifest } from '../../catalog/manifest.ts';
import { compareLevels } from '../../consistency/level.ts';
import type { Standing } from '../../consistency/recovery/goal.ts';

/**
 * `failed`: no restore point. `degraded`: there is one, but less is proven than was asked for, or something is wrong.
 * `missed`: the newest restore point of a VM is older than its goal allows, or there is none.
 */
export type NoticeKind = 'failed' | 'degraded' | 'missed';

/** A VM as people know it: its name alone says which one on one server only. */
export interface NamedVm {
  /** `host[:port]` of its vCenter or host; empty where a command does not say which. */
  readonly vcenter: string;
  readonly vmName: string;
}

/** Something that people shall hear of although nobody looks. Holds no secret. */
export interface Notice extends NamedVm {
  readonly kind: NoticeKind;
  readonly at: Date;
  /** A sentence without its full stop. */
  readonly message: string;
  readonly remedy?: string;
  /** Of the error, `AppError`. */
  readonly code?: string;
}

/** What came of a backup, as far as it is to be judged. */
export interface EndedBackup {
  readonly manifest: Pick<Manifest, 'vm' | 'server' | 'consistency'>;
  readonly problems: readonly AppError[];
  readonly warnings: readonly AppError[];
}

export function noticeOfFailure(
  { vcenter, vmName }: NamedVm,
  { code, message, remedy }: AppError,
  at: Date,
): Notice {
  return { kind: 'failed', at, vcenter, vmName, message, code, ...(remedy !== undefined && { remedy }) };
}

export function vmOfBackup({ manifest: { vm, server } }: Pick<EndedBackup, 'manifest'>): NamedVm {
  return { vcenter: server.address, vmName: vm.name };
}

/** Undefined for a backup that is as it was asked for. */
export function noticeOfBackup(backup: EndedBackup, at: Date): Notice | undefined {
  const { manifest, problems, warnings } = backup;
  const vm = vmOfBackup(backup);
  const { requested, proven, downgrades } = manifest.consistency;
  const [problem] = [...warnings, ...problems];
  if (problem !== undefined) return { ...noticeOfFailure(vm, problem, at), kind: 'degraded' };
  if (compareLevels(proven, requested) >= 0) return undefined;
  const why = downgrades.at(-1)?.reason;
  const message = `${vm.vmName}: ${requested} consistency was asked for, proven is ${proven}`;
  return { kind: 'degraded', at, ...vm, message: why === undefined ? message : `${message}: ${why}` };
}

/** Undefined unless a restore point is missing now, and nobody has accepted that. */
export function noticeOfStanding(
  { vcenter, vmName }: NamedVm,
  { state, gaps }: Pick<Standing, 'state' | 'gaps'>,
  at: Date,
): Notice | undefined {
  const gap = gaps.find(({ kind }) => kind === 'age' || kind === 'no-restore-point');
  if (state !== 'gap' || gap === undefined) return undefined;
  return {
    ...{ kind: 'missed', at, vcenter, vmName, message: `${vmName}: ${gap.text}` },
    remedy: 'Find out why its backups have not run, and back it up',
  };
}
