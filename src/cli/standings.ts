import type { AppError } from '../base/errors.ts';
import type { GoalBook, GoalSubject } from '../core/goals/recoveryGoals.ts';
import type { VmSummary } from '../core/inventory/listVirtualMachines.ts';
import {
  type NamedRepository,
  newestPoints,
  readPointFacts,
  standingOfVm,
  type VmStanding,
} from '../core/jobs/recovery/standings.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import { readConfig } from './config/configFile.ts';
import type { CommandContext } from './context.ts';

export interface StandingOfVm extends VmStanding {
  readonly vm: VmSummary;
}

export interface Standings {
  /** Of VMs that have a goal. */
  readonly standings: readonly StandingOfVm[];
  /** Records of goals and snapshots that cannot be read. */
  readonly problems: readonly AppError[];
}

/** Against every configured repository; none is opened while nobody has set a goal. */
export async function readStandings(
  context: CommandContext,
  session: VimSession,
  machines: readonly VmSummary[],
): Promise<Standings> {
  const { goals, signal } = context;
  const book = await goals.read(signal);
  if (book.goals.length === 0) return { standings: [], problems: book.problems };
  await using opened = await openAllRepositories(context);
  return await standingsIn(context, { session, machines, book, repositories: opened.repositories });
}

async function standingsIn(
  { transfers, clock, signal }: CommandContext,
  {
    session,
    machines,
    book,
    repositories,
  }: {
    readonly session: VimSession;
    readonly machines: readonly VmSummary[];
    readonly book: GoalBook;
    readonly repositories: readonly NamedRepository[];
  },
): Promise<Standings> {
  const newest = await newestPoints(repositories, signal);
  const deps = {
    ...{ book, newest: newest.byVm, factsOf: readPointFacts, now: clock.now() },
    transfers: await transfers.read('vm', signal),
  };
  const standings: StandingOfVm[] = [];
  for (const vm of machines) {
    const found = await standingOfVm(subjectOf(session, vm), deps, signal);
    if (found !== undefined) standings.push({ vm, ...found });
  }
  return { standings, problems: [...book.problems, ...newest.problems] };
}

export function subjectOf(
  { instanceUuid: serverInstanceUuid }: VimSession,
  { instanceUuid, inventoryPath }: VmSummary,
): GoalSubject {
  return { serverInstanceUuid, vmInstanceUuid: instanceUuid, inventoryPath };
}

interface OpenRepositories extends AsyncDisposable {
  readonly repositories: readonly NamedRepository[];
}

/** @throws what opening one of them throws: what is in it cannot be told, and a gap must not be made up */
async function openAllRepositories(context: CommandContext): Promise<OpenRepositories> {
  const configured = (await readConfig(context.places.configFile)).repositories;
  const repositories: NamedRepository[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(repositories.map(async ({ repository }) => await repository[Symbol.asyncDispose]()));
  };
  try {
    for (const [name, entry] of Object.entries(configured))
      repositories.push({ name, repository: await context.openRepository(name, entry) });
  } catch (error) {
    await close();
    throw error;
  }
  return { repositories, [Symbol.asyncDispose]: close };
}
