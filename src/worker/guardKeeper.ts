import type { Clock } from '../base/clock.ts';
import { type AppError, toAppError } from '../base/errors.ts';
import { describeLease, guard, type GuardedLease } from '../core/jobs/guard.ts';
import { type GuardedSnapshot, guardSnapshots, type JudgedSnapshot } from '../core/jobs/guardSnapshots.ts';
import type { Lease } from '../core/journal/leaseJournal.ts';
import { usualOldAfterMs } from '../core/snapshot/judgeSnapshot.ts';
import type { GuardResultDto, LeftoverDto } from '../protocol/job.ts';
import { toWireError } from '../protocol/wireError.ts';
import type { GuestPasswords } from './guestPasswords.ts';
import type { JobRegistry } from './jobRegistry.ts';
import type { Leftovers } from './leftovers.ts';
import type { UsedPlace } from './openPlaces.ts';
import type { OpenRepositories, OpenVCenters } from './openers.ts';
import type { JobContext } from './runningJob.ts';

export interface GuardDeps {
  readonly clock: Clock;
  readonly jobs: JobRegistry;
  readonly leftovers: Leftovers;
  readonly vcenters: OpenVCenters;
  readonly repositories: OpenRepositories;
  readonly guestPasswords: GuestPasswords;
}

const guardKey = 'guard';
const object = 'leftovers';

/** Runs the guard as a job: one at a time, and again if something was opened while it ran. */
export class GuardKeeper {
  readonly #deps: GuardDeps;
  #isWantedAgain = false;
  /** Tokens of snapshots of other installations that may go once they have expired. */
  readonly #agreed = new Set<string>();

  constructor(deps: GuardDeps) {
    this.#deps = deps;
  }

  /**
   * The id of the job: the one that runs, or a new one.
   * @param agreed  tokens of snapshots of other installations that may go if they have expired
   */
  start(agreed: readonly string[] = []): string {
    for (const token of agreed) this.#agreed.add(token);
    const running = this.#deps.jobs.runningWith(guardKey);
    if (running !== undefined) {
      this.#isWantedAgain = true;
      return running.id;
    }
    return this.#deps.jobs.start({
      kind: 'guard',
      object,
      exclusiveKeys: [guardKey],
      run: async context => await this.#run(context),
    });
  }

  /** Starts it only if something is left over on a server or in a repository that is open, and within reach. */
  async startIfNeeded(): Promise<void> {
    const { leftovers, vcenters, repositories, guestPasswords } = this.#deps;
    const isWithinReach = (lease: Lease) =>
      lease.kind !== 'guest-temporary-file' || guestPasswords.sourceOf(lease) !== undefined;
    const { vcenterIds, repositoryIds } = await leftovers.places(isWithinReach);
    const isNeeded =
      vcenters.list().some(({ place }) => vcenterIds.has(place.session.instanceUuid)) ||
      repositories.list().some(({ place }) => repositoryIds.has(place.id));
    if (isNeeded) this.start();
  }

  async #run(context: JobContext): Promise<GuardResultDto> {
    const removed: GuardedLease[] = [];
    const snapshots = new Map<string, GuardedSnapshot>();
    let left: readonly GuardedLease[] = [];
    let problems: readonly AppError[] = [];
    for (let isFirst = true; isFirst || this.#isWantedAgain; isFirst = false) {
      this.#isWantedAgain = false;
      const guarded = await this.#guardOnce(context);
      removed.push(...guarded.filter(({ outcome }) => outcome === 'removed'));
      left = guarded.filter(({ outcome }) => outcome !== 'removed');
      const unseen: AppError[] = [];
      for (const { name } of this.#deps.vcenters.list()) {
        const guardedSnapshots = await this.#guardSnapshots(name, context).catch((error: unknown) => {
          context.signal.throwIfAborted();
          unseen.push(toAppError(error));
          return [];
        });
        for (const snapshot of guardedSnapshots)
          if (snapshot.outcome !== 'kept') snapshots.set(`${name} ${snapshot.facts.ref.value}`, snapshot);
      }
      problems = [...(await this.#deps.leftovers.journalOfGuard().damagedRecords()), ...unseen];
    }
    this.#agreed.clear();
    return {
      kind: 'guard',
      leftovers: [
        ...[...removed, ...left].map(({ lease, recordedAt, outcome, problem }) =>
          leftoverDto(describeLease(lease), recordedAt, outcome, problem),
        ),
        ...[...snapshots.values()].flatMap(({ vm, facts, outcome, problem }) =>
          outcome === 'kept'
            ? []
            : leftoverDto(`snapshot ${facts.name} of ${vm.name}`, facts.createdAt, outcome, problem),
        ),
      ],
      problems: problems.map(toWireError),
    };
  }

  /** Those that nobody answers for, and expired ones that somebody agreed to. */
  async #guardSnapshots(
    vcenter: string,
    { signal, logger, onProgress }: JobContext,
  ): Promise<readonly GuardedSnapshot[]> {
    const { clock, leftovers, vcenters } = this.#deps;
    await using used = vcenters.use(vcenter, object);
    const options = {
      oldAfterMs: usualOldAfterMs,
      mayRemove: ({ marker }: JudgedSnapshot) => marker !== undefined && this.#agreed.has(marker.token),
      onStep: ({ vm }: JudgedSnapshot) => {
        onProgress({ phase: `Removing a snapshot of ${vm.name}`, doneBytes: 0, totalBytes: undefined });
      },
    };
    const deps = { journal: leftovers.journalOfGuard(), clock, logger };
    const { snapshots } = await guardSnapshots(used.place.session, options, deps, signal);
    return snapshots;
  }

  async #guardOnce({ signal, logger, onProgress }: JobContext): Promise<readonly GuardedLease[]> {
    const { clock, leftovers, vcenters, repositories, guestPasswords } = this.#deps;
    onProgress({ phase: 'Giving back what was left behind', doneBytes: 0, totalBytes: undefined });
    const used: AsyncDisposable[] = [];
    const remember = <T>(place: UsedPlace<T>): T => {
      used.push(place);
      return place.place;
    };
    try {
      const guarded = await guard(
        {
          journal: leftovers.journalOfGuard(),
          clock,
          logger,
          guestPasswordOf: record => guestPasswords.sourceOf(record),
          sessionOf: async vcenterId => {
            const found = vcenters.list().find(({ place }) => place.session.instanceUuid === vcenterId);
            return await Promise.resolve(
              found === undefined ? undefined : remember(vcenters.use(found.name, object)).session,
            );
          },
          repositoryOf: async repositoryId => {
            const found = repositories.list().find(({ place }) => place.id === repositoryId);
            return await Promise.resolve(
              found === undefined ? undefined : remember(repositories.use(found.name, object)),
            );
          },
        },
        signal,
      );
      for (const { lease, outcome, problem } of guarded)
        logger.info(describeLease(lease), { outcome, problem: problem?.message });
      return guarded;
    } finally {
      for (const place of used) await place[Symbol.asyncDispose]();
    }
  }
}

function leftoverDto(
  description: string,
  since: Date,
  outcome: LeftoverDto['outcome'],
  problem: AppError | undefined,
): LeftoverDto {
  return {
    ...{ description, recordedAt: since.toISOString(), outcome },
    ...(problem !== undefined && { problem: toWireError(problem) }),
  };
}
