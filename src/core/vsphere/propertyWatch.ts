import { AppError } from '../../base/errors.ts';
import { localizedFault, describeRef, VimFaultError } from './faults.ts';
import { type ManagedType, type PropertyAt, propertySpec } from './propertyCollector.ts';
import type { MoRef } from './schema/moRef.ts';
import type { VimSession } from './session.ts';
import type { Vim } from './vimCaller.ts';
import type { VimProperties } from './vimTypes.generated.ts';

/** How long the server may hold a call while nothing changes. */
const maxWaitSeconds = 30;

export type Watched<Type extends ManagedType, Path extends string> = {
  readonly [P in Path]?: PropertyAt<VimProperties[Type], P>;
};

/**
 * Follows properties of one object: yields them all, first as they are and then after every change, until the
 * consumer leaves. A lost session only costs the time to open another one.
 * @throws NOT_FOUND once the object is gone
 */
export async function* watchObject<Type extends ManagedType, const Path extends string>(
  session: VimSession,
  type: Type,
  object: MoRef,
  paths: readonly Path[],
  signal: AbortSignal,
): AsyncGenerator<Watched<Type, Path>, void, undefined> {
  for (;;) {
    const collector = await session.call(
      'CreatePropertyCollector',
      session.content.propertyCollector,
      {},
      signal,
    );
    try {
      const spec = { propSet: [propertySpec(session, type, paths)], objectSet: [{ obj: object }] };
      await session.call('CreateFilter', collector, { spec, partialUpdates: false }, signal);
      yield* updates<Type, Path>(session, collector, object, signal);
    } catch (error) {
      if (!isGone(error, collector)) throw error;
    } finally {
      await session
        .call('DestroyPropertyCollector', collector, {}, AbortSignal.timeout(10_000))
        .catch(() => undefined);
    }
  }
}

async function* updates<Type extends ManagedType, Path extends string>(
  session: VimSession,
  collector: MoRef,
  object: MoRef,
  signal: AbortSignal,
): AsyncGenerator<Watched<Type, Path>, void, undefined> {
  const current: Record<string, unknown> = {};
  let version = '';
  for (;;) {
    const set = await session.call(
      'WaitForUpdatesEx',
      collector,
      { version, options: { maxWaitSeconds } },
      signal,
    );
    if (set === undefined) continue;
    version = set.version;
    const changes = (set.filterSet ?? []).flatMap(({ objectSet }) => objectSet ?? []);
    for (const { kind, changeSet, missingSet } of changes) {
      if (kind === 'leave')
        throw new AppError('NOT_FOUND', `${describeRef(object)} is gone`, { object: object.value });
      const unreadable = missingSet?.[0];
      if (unreadable !== undefined)
        throw localizedFault(unreadable.fault, `reading ${unreadable.path}`, describeRef(object));
      for (const change of changeSet ?? []) apply(current, change);
    }
    if (set.truncated !== true && changes.length > 0) yield { ...current } as Watched<Type, Path>;
  }
}

function apply(current: Record<string, unknown>, { name, op, val }: Vim<'PropertyChange'>): void {
  if (op === 'assign' || op === 'add') current[name] = val;
  else current[name] = undefined;
}

/** The collector lived in a session that has since been replaced. */
function isGone(error: unknown, collector: MoRef): boolean {
  if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) return false;
  return (error.fault as Vim<'ManagedObjectNotFound'>).obj.value === collector.value;
}
