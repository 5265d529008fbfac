import type { GoalSubject } from '../core/goals/recoveryGoals.ts';
import { readAttachedTags, type Tag } from '../core/vsphere/node/tags.ts';
import type { VCenterConnection } from '../core/vsphere/node/connectVCenter.ts';
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
  connection: VCenterConnection,
): Promise<Standings<VmSummary> & { readonly machines: readonly VmSummary[] }> {
  const machines = await listVirtualMachines(connection.session, context.signal);
  const found = await readStandings(context, connection, machines);
  for (const problem of found.problems) context.output.note(describeError(problem));
  return { machines, ...found };
}

/** Against every configured repository; none is opened while nobody has set a goal. */
export async function readStandings(
  context: CommandContext,
  connection: VCenterConnection,
  machines: readonly VmSummary[],
): Promise<Standings<VmSummary>> {
  const { goals, transfers, clock, signal } = context;
  const book = await goals.read(signal);
  if (book.goals.length === 0) return { standings: [], problems: book.problems };
  const needsTags = book.goals.some(({ scope }) => scope.kind === 'tag');
  const tags = needsTags ? await tagsOf(connection, machines, signal) : new Map<string, readonly Tag[]>();
  await using opened = await openAllRepositories(context);
  const deps = {
    ...{ book, repositories: opened.repositories, factsOf: readPointFacts, now: clock.now() },
    transfers: await transfers.read('vm', signal),
  };
  return await standingsOfVms(
    machines,
    vm => subjectOf(connection.session, vm, tags.get(vm.ref.value)),
    deps,
    signal,
  );
}

export function subjectOf(
  { instanceUuid: serverInstanceUuid }: VimSession,
  { instanceUuid, inventoryPath, computePath }: VmSummary,
  tags: readonly Tag[] = [],
): GoalSubject {
  return { serverInstanceUuid, vmInstanceUuid: instanceUuid, inventoryPath, computePath, tags };
}

/** An ESXi host has none. */
async function tagsOf(
  { rest }: VCenterConnection,
  machines: readonly VmSummary[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Tag[]>> {
  if (rest === undefined) return new Map();
  return await readAttachedTags(
    rest,
    machines.map(({ ref }) => ref),
    signal,
  );
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
