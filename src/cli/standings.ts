import type { GoalSubject } from '../core/goals/recoveryGoals.ts';
import { listVirtualMachines, type VmSummary } from '../core/inventory/listVirtualMachines.ts';
import {
  type NamedRepository,
  readPointFacts,
  type StandingOfVm,
  type Standings,
  standingsOfVms,
} from '../core/jobs/recovery/standings.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import { readConfig } from './config/configFile.ts';
import type { CommandContext } from './context.ts';
import { describeError } from './output.ts';

export type MachineStanding = StandingOfVm<VmSummary>;

/** Every VM, and how those that have a goal stand. What cannot be read is told. */
export async function listStandings(
  context: CommandContext,
  session: VimSession,
): Promise<Standings<VmSummary> & { readonly machines: readonly VmSummary[] }> {
  const machines = await listVirtualMachines(session, context.signal);
  const found = await readStandings(context, session, machines);
  for (const problem of found.problems) context.output.note(describeError(problem));
  return { machines, ...found };
}

/** Against every configured repository; none is opened while nobody has set a goal. */
export async function readStandings(
  context: CommandContext,
  session: VimSession,
  machines: readonly VmSummary[],
): Promise<Standings<VmSummary>> {
  const { goals, transfers, clock, signal } = context;
  const book = await goals.read(signal);
  if (book.goals.length === 0) return { standings: [], problems: book.problems };
  await using opened = await openAllRepositories(context);
  const deps = {
    ...{ book, repositories: opened.repositories, factsOf: readPointFacts, now: clock.now() },
    transfers: await transfers.read('vm', signal),
  };
  return await standingsOfVms(machines, vm => subjectOf(session, vm), deps, signal);
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
