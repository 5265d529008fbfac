import type { MoRef } from './schema/moRef.ts';
import { isPathIn } from './schema/schema.ts';
import type { VimSession } from './session.ts';
import { required } from './session.ts';
import type { Vim } from './vimCaller.ts';
import type { VimProperties } from './vimTypes.generated.ts';

export type ManagedType = keyof VimProperties;

/** The type behind a property path such as `config.hardware.device`. */
export type PropertyAt<T, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof T
    ? PropertyAt<NonNullable<T[Head]>, Rest>
    : never
  : Path extends keyof T
    ? NonNullable<T[Path]>
    : never;

/** A managed object with what was asked for and is set and may be seen. Keys are the paths that were asked for. */
export interface ObjectProperties<Type extends ManagedType, Path extends string> {
  readonly object: MoRef;
  readonly properties: { readonly [P in Path]?: PropertyAt<VimProperties[Type], P> };
  /** The paths that could not be read, with the fault why. */
  readonly missing: readonly Vim<'MissingProperty'>[];
}

/** Larger pages block the process for seconds while they are parsed. */
const pageObjects = 100;

/** Reads properties of the given objects. Objects that no longer exist make the whole call fail with NOT_FOUND. */
export async function readProperties<Type extends ManagedType, const Path extends string>(
  session: VimSession,
  type: Type,
  objects: readonly MoRef[],
  paths: readonly Path[],
  signal: AbortSignal,
): Promise<ObjectProperties<Type, Path>[]> {
  if (objects.length === 0) return [];
  return await retrieve<Type, Path>(
    session,
    { propSet: [propertySpec(session, type, paths)], objectSet: objects.map(obj => ({ obj })) },
    signal,
  );
}

/** Reads properties of one object. */
export async function readObject<Type extends ManagedType, const Path extends string>(
  session: VimSession,
  type: Type,
  object: MoRef,
  paths: readonly Path[],
  signal: AbortSignal,
): Promise<ObjectProperties<Type, Path>['properties']> {
  const [found] = await readProperties(session, type, [object], paths, signal);
  return found?.properties ?? {};
}

/** Reads properties of every object of the type that the user may see, wherever it lies in the inventory. */
export async function readAllOfType<Type extends ManagedType, const Path extends string>(
  session: VimSession,
  type: Type,
  paths: readonly Path[],
  signal: AbortSignal,
): Promise<ObjectProperties<Type, Path>[]> {
  const { content, server } = session;
  const viewManager = required(content.viewManager, 'view manager', server);
  const view = await session.call(
    'CreateContainerView',
    viewManager,
    { container: content.rootFolder, type: [type], recursive: true },
    signal,
  );
  try {
    const traversal: Vim<'TraversalSpec'> = { _type: 'TraversalSpec', type: 'ContainerView', path: 'view' };
    return await retrieve<Type, Path>(
      session,
      {
        propSet: [propertySpec(session, type, paths)],
        objectSet: [{ obj: view, skip: true, selectSet: [traversal] }],
      },
      signal,
    );
  } finally {
    // A view left behind lives as long as the session; what was read is worth more than that.
    await session.call('DestroyView', view, {}, AbortSignal.timeout(10_000)).catch(() => undefined);
  }
}

/**
 * What is asked of objects of a type: the paths that the server's version has. One it does not know would make it refuse
 * the whole request; left out it is a property that is not set.
 */
export function propertySpec(
  { about }: VimSession,
  type: ManagedType,
  paths: readonly string[],
): Vim<'PropertySpec'> {
  return { type, pathSet: paths.filter(path => isPathIn(about.apiVersion, type, path)) };
}

async function retrieve<Type extends ManagedType, Path extends string>(
  session: VimSession,
  filter: Vim<'PropertyFilterSpec'>,
  signal: AbortSignal,
): Promise<ObjectProperties<Type, Path>[]> {
  const collector = session.content.propertyCollector;
  const found: Vim<'ObjectContent'>[] = [];
  let page = await session.call(
    'RetrievePropertiesEx',
    collector,
    { specSet: [filter], options: { maxObjects: pageObjects } },
    signal,
  );
  while (page !== undefined) {
    found.push(...page.objects);
    if (page.token === undefined) break;
    page = await session.call('ContinueRetrievePropertiesEx', collector, { token: page.token }, signal);
  }
  return found.map(({ obj, propSet, missingSet }) => ({
    object: obj,
    properties: Object.fromEntries((propSet ?? []).map(({ name, val }) => [name, val])) as ObjectProperties<
      Type,
      Path
    >['properties'],
    missing: missingSet ?? [],
  }));
}
