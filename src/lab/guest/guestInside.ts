import type { GuestNature, Quiescing } from './guestNature.ts';

/** A file that VMware Tools or somebody of the guest has put there. */
export interface InsideFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface InsideProcess {
  readonly name: string;
  readonly commandLine: string;
  readonly owner: string;
}

const linuxConfig = '/etc/vmware-tools/tools.conf';
const windowsConfig = '/C:/ProgramData/VMware/VMware Tools/tools.conf';

/** Where scripts lie that VMware Tools run at the freeze. */
export const scriptFolder = '/etc/vmware-tools/backupScripts.d';

/**
 * The files a guest has because of what it is: its settings say what it does when it is asked to quiesce.
 * @param lastMount  the file system of its last disk
 */
export function insideFiles(
  { family, quiescing, inside }: GuestNature,
  lastMount: string,
): readonly InsideFile[] {
  const lines = toolsSettings(quiescing, lastMount);
  const path = family === 'windowsGuest' ? windowsConfig : linuxConfig;
  const text = ['[vmbackup]', ...lines, ''].join('\n');
  const scripts = Object.entries(inside.freezeScripts).map(([name, script]) => ({
    ...{ path: `${scriptFolder}/${name}`, mode: 0o755, text: script },
  }));
  return [...(lines.length === 0 ? [] : [{ path, mode: 0o644, text }]), ...scripts];
}

function toolsSettings(quiescing: Quiescing, lastMount: string): readonly string[] {
  return [
    ...(quiescing.claimsWithoutFreezing ? ['enableSyncDriver = false'] : []),
    ...(quiescing.excludesLastDisk ? [`excludedFileSystems = ${lastMount}`] : []),
    ...(quiescing.isWithoutApplications ? ['vss.disableAppQuiescing = true'] : []),
    ...(quiescing.isWithoutVss ? ['enableVSS = false'] : []),
  ];
}

export function insideProcesses({ family, inside, quiescing }: GuestNature): readonly InsideProcess[] {
  const isWindows = family === 'windowsGuest';
  const owner = isWindows ? 'NT AUTHORITY\\SYSTEM' : 'root';
  const tools = isWindows
    ? { name: 'vmtoolsd.exe', commandLine: '"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe"', owner }
    : { name: 'vmtoolsd', commandLine: '/usr/bin/vmtoolsd', owner };
  const hasSqlServer = quiescing.writers.some(({ name }) => name === 'SqlServerWriter');
  return [
    tools,
    ...(hasSqlServer
      ? [
          {
            name: 'sqlservr.exe',
            commandLine:
              '"C:\\Program Files\\Microsoft SQL Server\\MSSQL16.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe" -sMSSQLSERVER',
            owner: 'NT Service\\MSSQLSERVER',
          },
        ]
      : []),
    ...(inside.hasMariaDb
      ? [{ name: 'mariadbd', commandLine: '/usr/sbin/mariadbd --datadir=/data/mysql', owner: 'mysql' }]
      : []),
  ];
}
