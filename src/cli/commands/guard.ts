import { guard, type GuardedLease } from '../../core/jobs/guard.ts';
import {
  type GuardedSnapshots,
  guardSnapshots,
  type GuardSnapshotsOptions,
  reportSnapshots,
} from '../../core/jobs/guardSnapshots.ts';
import type { LeaseJournal } from '../../core/journal/leaseJournal.ts';
import { usualOldAfterMs } from '../../core/snapshot/judgeSnapshot.ts';
import { hourMs } from '../../base/units.ts';
import type { Command, CommandArguments } from '../command.ts';
import { readConfig } from '../config/configFile.ts';
import { ConfiguredPlaces, type NamedSession } from '../configuredPlaces.ts';
import type { CommandContext } from '../context.ts';
import { describeGuard, guardValue, type GuardedServer, stepText } from '../describeGuard.ts';
import { leftoversRemain } from '../exitCodes.ts';
import { describeError } from '../output.ts';
import { guestAccountOptions, guestCredentials, planOption } from './options.ts';

export const guardCommand: Command = {
  name: 'guard',
  summary:
    'Remove what killed processes left (snapshots, transfer leases, half-made VMs, files in guests, repository locks), and tell of snapshots that grow',
  operands: [],
  options: {
    'remove-expired': {
      help: 'agree that snapshots which other installations have left behind, and which have expired, are removed',
    },
    'old-after': {
      value: 'HOURS',
      help: `warn of snapshots of people and other products from that age on; by default ${usualOldAfterMs / hourMs}`,
    },
    ...guestAccountOptions,
    ...planOption,
  },
  run: async (context, args) => {
    const isPlan = args.flag('plan');
    const options: GuardSnapshotsOptions = {
      oldAfterMs: (args.count('old-after') ?? usualOldAfterMs / hourMs) * hourMs,
      mayRemove: () => args.flag('remove-expired'),
      onStep: snapshot => {
        context.output.note(`Removing the ${stepText(snapshot)} …`);
      },
    };
    await using journal = await context.openJournal();
    await using places = new ConfiguredPlaces(context, await readConfig(context.places.configFile));
    const leftovers = isPlan
      ? await plannedLeftovers(journal)
      : await giveBack(context, args, journal, places);
    const damaged = await journal.damagedRecords();
    for (const problem of damaged) context.output.note(describeError(problem));
    const servers: GuardedServer[] = [];
    for (const named of await places.sessions()) {
      const guarded = isPlan
        ? await plannedSnapshots(context, named, journal, options)
        : await guardSnapshots(named.session, options, { ...context, journal }, context.signal);
      servers.push({ vcenter: named.name, ...guarded });
    }
    const result = { isPlan, leftovers, servers, damaged, unopened: places.unopened };
    context.output.result(guardValue(result), () => describeGuard(result));
    const isClean =
      leftovers.every(({ outcome }) => outcome === 'removed') &&
      servers.every(({ snapshots }) => snapshots.every(({ outcome }) => outcome !== 'failed')) &&
      damaged.length === 0 &&
      places.unopened.length === 0;
    return isClean || isPlan ? 0 : leftoversRemain;
  },
};

async function giveBack(
  context: CommandContext,
  args: CommandArguments,
  journal: LeaseJournal,
  places: ConfiguredPlaces,
): Promise<readonly GuardedLease[]> {
  const account = args.option('guest-user') === undefined ? undefined : guestCredentials(args);
  return await guard(
    {
      ...context,
      journal,
      onStep: lease => {
        context.output.note(`Giving back the ${stepText(lease)} …`);
      },
      sessionOf: async vcenterId => await places.sessionOf(vcenterId),
      repositoryOf: async repositoryId => await places.repositoryOf(repositoryId),
      guestPasswordOf: ({ user }) => (account?.user === user ? account.source : undefined),
    },
    context.signal,
  );
}

/** What would be given back; it stays in the journal. */
async function plannedLeftovers(journal: LeaseJournal): Promise<readonly GuardedLease[]> {
  const leftovers = await journal.takeOverLeftovers();
  return leftovers.map(({ lease, recordedAt }) => ({
    ...{ lease: lease.record, recordedAt, outcome: 'waiting', problem: undefined },
  }));
}

async function plannedSnapshots(
  { signal }: CommandContext,
  { session }: NamedSession,
  journal: LeaseJournal,
  { oldAfterMs }: GuardSnapshotsOptions,
): Promise<GuardedSnapshots> {
  const report = await reportSnapshots(session, journal, oldAfterMs, signal);
  const kept = report.snapshots.map(
    snapshot => ({ ...snapshot, outcome: 'kept', problem: undefined }) as const,
  );
  return { ...report, snapshots: kept };
}
