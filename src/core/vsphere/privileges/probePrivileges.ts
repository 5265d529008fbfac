import { plainName } from '../entityName.ts';
import { readAllOfType } from '../propertyCollector.ts';
import type { MoRef } from '../schema/moRef.ts';
import type { VimSession } from '../session.ts';
import { features, type Feature, type ObjectKind, type PrivilegeNeed } from './featurePrivileges.ts';
import { grantedPrivileges } from './grantedPrivileges.ts';

/** What an account may do with each feature. */
export interface PrivilegeReport {
  readonly server: string;
  readonly user: string;
  readonly features: readonly FeatureReport[];
  readonly kinds: Readonly<Record<ObjectKind, KindReport>>;
}

/** How much was looked at: of very many objects, some. */
export interface KindReport {
  readonly seenCount: number;
  readonly askedCount: number;
}

export interface FeatureReport extends Pick<Feature, 'id' | 'title' | 'note'> {
  readonly needs: readonly NeedReport[];
  /** Every need is met, on everything that was looked at. */
  readonly isUsable: boolean;
}

export interface NeedReport extends PrivilegeNeed {
  /** On all objects that were looked at, on some, on none; `unseen`: there are none, or the account may see none. */
  readonly state: 'granted' | 'partly' | 'missing' | 'unseen';
  /** Names of the objects on which it is missing; the first few of them. */
  readonly missingOn: readonly string[];
  readonly missingCount: number;
}

const maxAskedPerKind = 100;
const maxNames = 3;

/**
 * What the session's account lacks, by one question for each kind of object. Nothing is changed.
 * @throws UNSUPPORTED_FORMAT for a server without authorization manager
 */
export async function probePrivileges(session: VimSession, signal: AbortSignal): Promise<PrivilegeReport> {
  const answers = {
    vm: await ask(session, 'vm', signal),
    folder: await ask(session, 'folder', signal),
    resourcePool: await ask(session, 'resourcePool', signal),
    datastore: await ask(session, 'datastore', signal),
    network: await ask(session, 'network', signal),
  };
  return {
    server: session.server,
    user: session.user,
    features: features.map(feature => featureReport(feature, answers)),
    kinds: {
      vm: countsOf(answers.vm),
      folder: countsOf(answers.folder),
      resourcePool: countsOf(answers.resourcePool),
      datastore: countsOf(answers.datastore),
      network: countsOf(answers.network),
    },
  };
}

function countsOf({ seenCount, askedCount }: KindAnswer): KindReport {
  return { seenCount, askedCount };
}

interface KindAnswer extends KindReport {
  /** The names of those that lack it, by privilege. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

interface NamedObject {
  readonly ref: MoRef;
  /** Undefined for one of which nothing may be read. */
  readonly name: string | undefined;
}

async function ask(session: VimSession, kind: ObjectKind, signal: AbortSignal): Promise<KindAnswer> {
  const seen = await objectsOf(session, kind, signal);
  const asked = someOf(seen);
  const privileges = privilegesOn(kind);
  const readable = asked.filter(({ name }) => name !== undefined);
  const granted = await grantedPrivileges(
    session,
    readable.map(({ ref }) => ref),
    privileges,
    signal,
  );
  const missing = privileges.map(privilege => {
    const without = asked.filter(({ ref }) => granted.get(ref.value)?.has(privilege) !== true);
    return [privilege, without.map(({ ref, name }) => name ?? ref.value)] as const;
  });
  return { seenCount: seen.length, askedCount: asked.length, missing: new Map(missing) };
}

function featureReport(
  { id, title, note, needs }: Feature,
  answers: Readonly<Record<ObjectKind, KindAnswer>>,
): FeatureReport {
  const reports = needs.map((need): NeedReport => {
    const { askedCount, missing } = answers[need.on];
    const names = missing.get(need.privilege) ?? [];
    return {
      ...need,
      state: stateOf(names.length, askedCount),
      missingOn: names.slice(0, maxNames),
      missingCount: names.length,
    };
  });
  return {
    ...{ id, title, needs: reports },
    ...(note !== undefined && { note }),
    isUsable: reports.every(({ state }) => state === 'granted'),
  };
}

function stateOf(missingCount: number, askedCount: number): NeedReport['state'] {
  if (askedCount === 0) return 'unseen';
  if (missingCount === 0) return 'granted';
  return missingCount < askedCount ? 'partly' : 'missing';
}

function privilegesOn(kind: ObjectKind): readonly string[] {
  const needs = features.flatMap(feature => feature.needs).filter(({ on }) => on === kind);
  return [...new Set(needs.map(({ privilege }) => privilege))];
}

const managedTypes = {
  vm: 'VirtualMachine',
  resourcePool: 'ResourcePool',
  datastore: 'Datastore',
  network: 'Network',
} as const;

async function objectsOf(
  session: VimSession,
  kind: ObjectKind,
  signal: AbortSignal,
): Promise<readonly NamedObject[]> {
  if (kind !== 'folder') {
    const found = await readAllOfType(session, managedTypes[kind], ['name'], signal);
    return found.map(({ object, properties }) => ({ ref: object, name: optionalName(properties.name) }));
  }
  const folders = await readAllOfType(session, 'Folder', ['name', 'childType'], signal);
  return folders
    .filter(({ properties }) => properties.childType?.includes('VirtualMachine') !== false)
    .map(({ object, properties }) => ({ ref: object, name: optionalName(properties.name) }));
}

function optionalName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : plainName(name);
}

/** Evenly over all of them: what lies together mostly has the same permissions. */
function someOf(objects: readonly NamedObject[]): readonly NamedObject[] {
  const step = Math.max(1, objects.length / maxAskedPerKind);
  return objects.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
