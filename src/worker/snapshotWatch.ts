import type { Clock } from '../base/clock.ts';
import { toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type JudgedSnapshot, reportSnapshots, type SnapshotReport } from '../core/jobs/guardSnapshots.ts';
import { usualOldAfterMs } from '../core/snapshot/judgeSnapshot.ts';
import {
  type GuardedSnapshotDto,
  maxToldSnapshots,
  type SnapshotReportDto,
  snapshotsReported,
} from '../protocol/snapshotReport.ts';
import type { TellClients } from './clients.ts';
import type { GuardKeeper } from './guardKeeper.ts';
import type { Leftovers } from './leftovers.ts';
import type { OpenVCenters } from './openers.ts';

export interface SnapshotWatchDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly vcenters: OpenVCenters;
  readonly leftovers: Leftovers;
  readonly guard: Pick<GuardKeeper, 'start'>;
  readonly tellClients: TellClients;
}

/** A snapshot grows for hours before it is in anybody's way. */
const lookIntervalMs = 15 * 60_000;

/** One server with thousands of VMs answers in seconds. */
const lookTimeoutMs = 5 * 60_000;

/** Looks at the snapshots of every open vCenter from time to time, tells of them, and has the guard remove orphans. */
export class SnapshotWatch {
  readonly #deps: SnapshotWatchDeps;
  readonly #lookedMs = new Map<string, number>();

  constructor(deps: SnapshotWatchDeps) {
    this.#deps = deps;
  }

  /** What is there now; told to every client. */
  async report(vcenter: string, signal: AbortSignal): Promise<SnapshotReportDto> {
    const { clock, vcenters, leftovers, guard, tellClients } = this.#deps;
    await using used = vcenters.use(vcenter);
    this.#lookedMs.set(vcenter, clock.monotonicMs());
    const journal = leftovers.journalOfGuard();
    const report = await reportSnapshots(used.place.session, journal, usualOldAfterMs, signal);
    const dto = reportDto(vcenter, report);
    tellClients(snapshotsReported, dto);
    if (report.snapshots.some(({ verdict }) => verdict === 'orphan')) guard.start();
    return dto;
  }

  /** A server that does not answer is looked at the next time; nobody waits for this. */
  async look(vcenter: string): Promise<void> {
    try {
      await this.report(vcenter, AbortSignal.timeout(lookTimeoutMs));
    } catch (error) {
      this.#deps.logger.info('snapshots could not be looked at', {
        vcenter,
        reason: toAppError(error).message,
      });
    }
  }

  /** Looks at those that it has not looked at for long. */
  async lookAround(): Promise<void> {
    const { clock, vcenters } = this.#deps;
    for (const { name } of vcenters.list()) {
      const lookedMs = this.#lookedMs.get(name);
      if (lookedMs === undefined || clock.monotonicMs() - lookedMs >= lookIntervalMs) await this.look(name);
    }
  }
}

function reportDto(vcenter: string, report: SnapshotReport): SnapshotReportDto {
  const told = report.snapshots
    .flatMap(snapshot => snapshotDto(vcenter, snapshot))
    .toSorted((one, other) => other.ageMs - one.ageMs);
  return {
    vcenter,
    at: report.at.toISOString(),
    snapshots: told.slice(0, maxToldSnapshots),
    snapshotCount: told.length,
    toConsolidate: report.toConsolidate.map(({ vm, unneededBytes }) => ({
      vm: { vcenter, id: vm.ref.value, name: vm.name },
      ...(unneededBytes !== undefined && { unneededBytes }),
    })),
    datastores: report.datastores.map(({ name, freeBytes, bytesPerDay, fullInMs }) => ({
      ...{ name, freeBytes, bytesPerDay: Math.round(bytesPerDay), fullInMs: Math.round(fullInMs) },
    })),
  };
}

function snapshotDto(
  vcenter: string,
  { vm, facts, marker, ageMs, growth, verdict }: JudgedSnapshot,
): readonly GuardedSnapshotDto[] {
  if (verdict === 'recent') return [];
  return [
    {
      vm: { vcenter, id: vm.ref.value, name: vm.name },
      ...{ snapshotId: facts.ref.value, name: facts.name, createdAt: facts.createdAt.toISOString() },
      ...{ ageMs, verdict },
      ...(marker !== undefined && {
        owner: {
          ...{ token: marker.token, installationId: marker.installationId, job: marker.job },
          expiresAt: marker.expiresAt.toISOString(),
        },
      }),
      ...(growth !== undefined && { writtenBytes: growth.writtenBytes }),
      ...(growth?.bytesPerDay !== undefined && { bytesPerDay: Math.round(growth.bytesPerDay) }),
    },
  ];
}
