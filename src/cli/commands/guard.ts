import { describeLease, guard, type GuardedLease } from '../../core/jobs/guard.ts';
import type { Lease } from '../../core/journal/leaseJournal.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import type { Command } from '../command.ts';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { leftoversRemain } from '../exitCodes.ts';
import { describeError, table } from '../output.ts';
import { guestAccountOptions, guestCredentials } from './options.ts';

export const guardCommand: Command = {
  name: 'guard',
  summary:
    'Remove what killed processes left: snapshots, transfer leases, half-made VMs, files in guests, repository locks',
  operands: [],
  options: guestAccountOptions,
  run: async (context, args) => {
    const account = args.option('guest-user') === undefined ? undefined : guestCredentials(args);
    await using journal = await context.openJournal();
    await using places = new ConfiguredPlaces(context, await readConfig(context.places.configFile));
    const guarded = await guard(
      {
        ...context,
        journal,
        onStep: lease => {
          context.output.note(`Giving back the ${describeLease(lease)} …`);
        },
        sessionOf: async vcenterId => await places.sessionOf(vcenterId),
        repositoryOf: async repositoryId => await places.repositoryOf(repositoryId),
        guestPasswordOf: ({ user }) => (account?.user === user ? account.source : undefined),
      },
      context.signal,
    );
    const damaged = await journal.damagedRecords();
    for (const problem of damaged) context.output.note(describeError(problem));
    context.output.result(guarded.map(resultOf), () => describe(guarded, damaged.length));
    const allRemoved = guarded.every(({ outcome }) => outcome === 'removed') && damaged.length === 0;
    return allRemoved ? 0 : leftoversRemain;
  },
};

function resultOf({ lease, recordedAt, outcome, problem }: GuardedLease): unknown {
  return { ...lease, recordedAt, outcome, ...(problem !== undefined && { problem: problem.message }) };
}

function describe(guarded: readonly GuardedLease[], damagedCount: number): string {
  if (guarded.length === 0)
    return damagedCount === 0 ? 'Nothing was left behind.' : 'Nothing else was left behind.';
  return table(
    ['LEFT BEHIND', 'SINCE', 'OUTCOME', ''],
    guarded.map(({ lease, recordedAt, outcome, problem }) => [
      describeLease(lease),
      recordedAt.toISOString(),
      outcome,
      outcome === 'waiting' ? reasonToWait(lease) : (problem?.message ?? ''),
    ]),
  );
}

function reasonToWait(lease: Lease): string {
  return lease.kind === 'guest-temporary-file'
    ? `its server is not configured here, or the password of ${lease.user} was not given (--guest-user)`
    : 'its server or repository is not configured here';
}

/** The servers and repositories of the configuration, opened only when a leftover is looked for, each at most once. */
class ConfiguredPlaces implements AsyncDisposable {
  readonly #context: CommandContext;
  readonly #config: Config;
  readonly #opened: AsyncDisposable[] = [];
  #sessions: Promise<ReadonlyMap<string, VimSession>> | undefined;
  #repositories: Promise<ReadonlyMap<string, Repository>> | undefined;

  constructor(context: CommandContext, config: Config) {
    this.#context = context;
    this.#config = config;
  }

  async sessionOf(vcenterId: string): Promise<VimSession | undefined> {
    this.#sessions ??= this.#openAll(this.#config.vcenters, async (name, vcenter) => {
      const connection = await this.#context.openSession(name, vcenter);
      this.#opened.push(connection);
      return [connection.session.instanceUuid, connection.session] as const;
    });
    return (await this.#sessions).get(vcenterId);
  }

  async repositoryOf(repositoryId: string): Promise<Repository | undefined> {
    this.#repositories ??= this.#openAll(this.#config.repositories, async (name, configured) => {
      const repository = await this.#context.openRepository(name, configured);
      this.#opened.push(repository);
      return [repository.id, repository] as const;
    });
    return (await this.#repositories).get(repositoryId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map(async opened => await opened[Symbol.asyncDispose]()));
  }

  /** One that cannot be opened keeps its own leftovers waiting, not those of the others. */
  async #openAll<C, T>(
    configured: Readonly<Record<string, C>>,
    open: (name: string, entry: C) => Promise<readonly [id: string, opened: T]>,
  ): Promise<ReadonlyMap<string, T>> {
    const found = new Map<string, T>();
    for (const [name, entry] of Object.entries(configured)) {
      try {
        found.set(...(await open(name, entry)));
      } catch (error) {
        this.#context.signal.throwIfAborted();
        this.#context.output.note(
          `${name} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return found;
  }
}
