import { type AppError, toAppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { FoundManifest } from '../../consistency/proof/prove.ts';
import { readQuiesceManifest } from '../../consistency/proof/quiesceManifest.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import type { SnapshotLease } from '../../snapshot/snapshotLease.ts';
import { fileReadPrivileges, readDatastoreFile } from '../../vsphere/node/datastoreFiles.ts';
import { requirePrivileges } from '../../vsphere/privileges/requirePrivileges.ts';
import { readObject } from '../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { RequestHistory } from '../snapshotByPolicy.ts';
import type { SnapshotEvents } from '../snapshotEvents.ts';
import type { SnapshotEvidence } from './consistencyRecord.ts';
import type { ReadDeps } from './readDeps.ts';

const maxManifestBytes = 64 * MiB;
const stallTimeoutMs = 60_000;

export interface BeforeSnapshot {
  readonly events: SnapshotEvents;
  /** Manifests of other snapshots. */
  readonly manifestPaths: readonly string[] | undefined;
}

/**
 * Everything that tells how consistent a snapshot is, while it exists. What cannot be had is told as that, and never ends
 * a backup.
 */
export async function gatherEvidence(
  session: VimSession,
  vm: VirtualMachineFacts,
  snapshot: SnapshotLease,
  history: RequestHistory,
  before: BeforeSnapshot,
  deps: ReadDeps,
  signal: AbortSignal,
): Promise<SnapshotEvidence> {
  return {
    history,
    reportedQuiesced: snapshot.facts.isQuiesced,
    powerState: vm.runtime.powerState,
    facts: vm.facts,
    takenAt: snapshot.facts.createdAt,
    manifest: await findManifest(session, vm, snapshot, before.manifestPaths, deps, signal),
    ...(await before.events.sinceBegin(signal)),
  };
}

async function findManifest(
  session: VimSession,
  vm: VirtualMachineFacts,
  { facts, config }: SnapshotLease,
  pathsBefore: readonly string[] | undefined,
  { endpoint, clock }: ReadDeps,
  signal: AbortSignal,
): Promise<FoundManifest> {
  const told = facts.backupManifest;
  const folder = config.files.snapshotDirectory ?? '';
  // Documented is a path relative to the folder of snapshots; vCenters of these days give the whole one.
  const path =
    told === undefined
      ? newPath(await manifestPaths(session, vm, signal), pathsBefore)
      : told.startsWith('[')
        ? told
        : `${folder.replace(/\/?$/, '/')}${told}`;
  if (path === undefined) return { kind: 'none' };
  const { datacenterPath } = vm;
  if (datacenterPath === undefined)
    return { kind: 'unreadable', reason: `the datacenter of ${path} may not be seen` };
  try {
    const watch = { clock, stallTimeoutMs };
    return readQuiesceManifest(
      await readDatastoreFile(endpoint, { datacenterPath, path }, maxManifestBytes, watch, signal),
    );
  } catch (error) {
    signal.throwIfAborted();
    const { message } = await namingPrivilege(session, vm, path, toAppError(error), signal);
    return { kind: 'unreadable', reason: `the guest’s manifest could not be read: ${message}` };
  }
}

/** Which privilege it was that the server refused a file for; the server itself does not say. */
async function namingPrivilege(
  session: VimSession,
  { datastores }: VirtualMachineFacts,
  path: string,
  refused: AppError,
  signal: AbortSignal,
): Promise<AppError> {
  const datastore = datastores.find(({ name }) => path.startsWith(`[${name}]`));
  if (refused.code !== 'PERMISSION' || datastore === undefined) return refused;
  try {
    await requirePrivileges(session, datastore, fileReadPrivileges, 'read files of it', signal);
    return refused;
  } catch (error) {
    signal.throwIfAborted();
    return toAppError(error);
  }
}

/** The one that has come since; two would not say which is ours. */
function newPath(
  now: readonly string[] | undefined,
  before: readonly string[] | undefined,
): string | undefined {
  if (now === undefined || before === undefined) return undefined;
  const [only, another] = now.filter(path => !before.includes(path));
  return another === undefined ? only : undefined;
}

/** Of all snapshots of a VM; undefined where the server does not tell. */
export async function manifestPaths(
  session: VimSession,
  { ref }: VirtualMachineFacts,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const { layoutEx } = await readObject(session, 'VirtualMachine', ref, ['layoutEx'], signal);
    return layoutEx?.file
      ?.map(({ name }) => name)
      .filter(name => /-(vss_manifests\d*\.zip|quiesce_manifest\d*\.xml)$/.test(name));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
