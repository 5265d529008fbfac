import { freezesItself, maxScriptBytes } from '../../consistency/guest/freezeScriptText.ts';
import { mountsOnDisks, networkMounts, parseMounts } from '../../consistency/guest/mountTable.ts';
import { runningDatabases } from '../../consistency/guest/runningDatabases.ts';
import type { SeenInGuest } from '../../consistency/guest/seenInGuest.ts';
import { type GuestMount, mountOf } from '../../guestops/guestMounts.ts';
import { joinedBelow } from '../../guestops/guestPaths.ts';
import type { GuestNode, GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, readGuestText } from '../../guestops/node/guestTransfer.ts';
import type { DatabaseFacts, GuestVolumeFacts } from '../../inventory/assessmentFacts.ts';
import type { Attempt } from './attempt.ts';
import { optional } from './optional.ts';
import { type GuestLookDeps, type LookingProgram, outputOf } from './outputOf.ts';
import { readToolsConfig } from './readToolsConfig.ts';

const configPath = '/etc/vmware-tools/tools.conf';
const scriptFolder = '/etc/vmware-tools/backupScripts.d';
/** Of former versions, which VMware Tools still run. */
const oldScript = '/usr/sbin/pre-freeze-script';
const iscsiSessions = '/sys/class/iscsi_session';

/** The kernel's own files have no size, so that VMware Tools do not transfer them. */
const listMounts: LookingProgram = {
  path: '/bin/cat',
  argumentsTo: outputPath => `/proc/self/mounts > '${outputPath}'`,
  temporaryFolder: '/tmp/',
  what: 'reading /proc/self/mounts',
};

export async function lookIntoLinux(
  guest: GuestSession,
  attempt: Attempt,
  deps: GuestLookDeps,
  signal: AbortSignal,
): Promise<SeenInGuest> {
  const toolsConfig = await attempt(
    configPath,
    async () => await readToolsConfig(guest, configPath, deps, signal),
  );
  const mounts = await attempt('file systems', async () =>
    parseMounts(await outputOf(guest, listMounts, deps, signal)),
  );
  const disks = await attempt('disks of file systems', async () => await guest.mounts(signal));
  const iscsi = await attempt(iscsiSessions, async () => [
    ...((await optional(guest.folder(iscsiSessions, signal)))?.keys() ?? []),
  ]);
  const scripts = await attempt('freeze scripts', async () => await scriptsOf(guest, deps, signal));
  const processes = await attempt('processes', async () => await guest.processes([], signal));
  return {
    toolsConfig,
    volumes: mounts && mountsOnDisks(mounts).map(mount => volumeOf(mount, disks)),
    look: {
      usesDynamicDisks: undefined,
      usesStorageSpaces: undefined,
      ownStorage: mounts && iscsi && [...networkMounts(mounts), ...iscsi.map(name => `iSCSI ${name}`)],
      ownFreezers: scripts?.filter(({ freezes }) => freezes).map(({ path }) => path),
      // A script that is not executable, or switched off, is not run.
      freezeScripts: scripts
        ?.filter(({ isExecutable }) => isExecutable && toolsConfig?.runsScripts !== false)
        .map(({ path }) => path),
      writers: undefined,
      databases: processes && runningDatabases(processes).map(found => databaseFacts(found, disks)),
    },
  };
}

interface FreezeScript {
  readonly path: string;
  readonly isExecutable: boolean;
  readonly freezes: boolean;
}

async function scriptsOf(
  guest: GuestSession,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<readonly FreezeScript[]> {
  const found = [...((await optional(guest.folder(scriptFolder, signal))) ?? [])]
    .filter(([, { kind }]) => kind === 'file')
    .map(([name, node]) => [joinedBelow(scriptFolder, name), node] as const);
  const old = await guest.stat(oldScript, signal);
  const scripts: FreezeScript[] = [];
  for (const [path, node] of [...found, ...(old === undefined ? [] : [[oldScript, old] as const])])
    scripts.push(await scriptOf(guest, path, node, deps, signal));
  return scripts;
}

async function scriptOf(
  guest: GuestSession,
  path: string,
  { mode = 0, sizeBytes }: GuestNode,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<FreezeScript> {
  // What is larger is a program.
  const text =
    sizeBytes > maxScriptBytes ? '' : await readGuestText(guest, path, maxScriptBytes, deps, signal);
  return { path, isExecutable: (mode & 0o111) !== 0, freezes: freezesItself(text) };
}

function volumeOf(
  { path, fileSystem }: { readonly path: string; readonly fileSystem: string },
  disks: readonly GuestMount[] | undefined,
): GuestVolumeFacts {
  const disk = disks?.find(candidate => candidate.path === path);
  const isMapped = disk === undefined || disk.deviceKeys.length > 0 ? undefined : false;
  return { path, capacityBytes: disk?.capacityBytes ?? 0, fileSystem, isMapped };
}

function databaseFacts(
  { product, instance, folder }: ReturnType<typeof runningDatabases>[number],
  disks: readonly GuestMount[] = [],
): DatabaseFacts {
  const keys = folder === undefined ? undefined : mountOf(disks, folder)?.deviceKeys;
  return {
    ...{ product, instance, shipsLogs: undefined },
    diskKeys: keys === undefined || keys.length === 0 ? undefined : keys,
  };
}
