import { AppError } from '../../../base/errors.ts';
import { runningDatabases } from '../../consistency/guest/runningDatabases.ts';
import type { SeenInGuest } from '../../consistency/guest/seenInGuest.ts';
import { parseVssWriters } from '../../consistency/guest/vssWriterList.ts';
import { parseWindowsStorage, storageScript } from '../../consistency/guest/windowsStorage.ts';
import type { Base } from '../../consistency/rule.ts';
import type { GuestSession } from '../../guestops/guestSession.ts';
import type { Attempt } from './attempt.ts';
import { optional } from './optional.ts';
import { type GuestLookDeps, type LookingProgram, outputOf } from './outputOf.ts';
import { readToolsConfig } from './readToolsConfig.ts';

const configPath = 'C:\\ProgramData\\VMware\\VMware Tools\\tools.conf';
/** Today's place, and those of former versions that VMware Tools still look at. */
const scriptFolders = [
  'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d',
  'C:\\Windows\\backupScripts.d',
];
const oldScriptFolder = 'C:\\Windows';

const inShell = {
  path: 'C:\\Windows\\System32\\cmd.exe',
  temporaryFolder: 'C:\\Windows\\Temp\\',
} as const;

const listWriters: LookingProgram = {
  ...inShell,
  argumentsTo: outputPath => `/c vssadmin list writers > "${outputPath}"`,
  what: 'vssadmin list writers',
};

const listStorage: LookingProgram = {
  ...inShell,
  argumentsTo: outputPath =>
    `/c powershell.exe -NoProfile -NonInteractive -Command "${storageScript}" > "${outputPath}"`,
  what: 'looking at the disks',
};

/** Writers are asked for only where VSS is what brings the guest to rest, storage where VSS is particular about it. */
export async function lookIntoWindows(
  guest: GuestSession,
  base: Base,
  attempt: Attempt,
  deps: GuestLookDeps,
  signal: AbortSignal,
): Promise<SeenInGuest> {
  const toolsConfig = await attempt(
    configPath,
    async () => await readToolsConfig(guest, configPath, deps, signal),
  );
  const writers =
    base.mechanism === 'vss'
      ? await attempt('VSS writers', async () => await writersOf(guest, deps, signal))
      : undefined;
  const storage = base.guest.usesHardwareProvider
    ? await attempt('disks', async () =>
        parseWindowsStorage(await outputOf(guest, listStorage, deps, signal)),
      )
    : undefined;
  const scripts = await attempt('freeze scripts', async () => await scriptsOf(guest, signal));
  const processes = await attempt('processes', async () => await guest.processes([], signal));
  return {
    toolsConfig,
    volumes: storage?.volumes?.map(volume => ({ ...volume, capacityBytes: 0, isMapped: undefined })),
    look: {
      usesDynamicDisks: storage?.usesDynamicDisks,
      usesStorageSpaces: storage?.usesStorageSpaces,
      ownStorage: storage?.ownStorage,
      ownFreezers: undefined,
      freezeScripts: toolsConfig?.runsScripts === false ? scripts && [] : scripts,
      writers,
      databases:
        processes &&
        runningDatabases(processes).map(({ product, instance }) => ({
          ...{ product, instance, diskKeys: undefined, shipsLogs: undefined },
        })),
    },
  };
}

/** Every Windows has writers of its own: a list without any is a message of why there is none. */
async function writersOf(guest: GuestSession, deps: GuestLookDeps, signal: AbortSignal) {
  const text = await outputOf(guest, listWriters, deps, signal);
  const writers = parseVssWriters(text);
  if (writers.length > 0) return writers;
  throw new AppError('CONFLICT', `vssadmin lists none: ${text.trim().slice(0, 200)}`, {
    object: guest.vm.name,
    remedy: 'Look with an account that is an administrator of the guest',
  });
}

async function scriptsOf(guest: GuestSession, signal: AbortSignal): Promise<readonly string[]> {
  const scripts: string[] = [];
  for (const folder of scriptFolders) {
    const found = await optional(guest.folder(folder, signal));
    for (const [name, { kind }] of found ?? []) if (kind === 'file') scripts.push(`${folder}\\${name}`);
  }
  const old = await optional(guest.folder(oldScriptFolder, signal));
  const oldName = 'pre-freeze-script.bat';
  return old?.has(oldName) === true ? [...scripts, `${oldScriptFolder}\\${oldName}`] : scripts;
}
