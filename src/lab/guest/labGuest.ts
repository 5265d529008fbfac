import type { Clock } from '../../base/clock.ts';
import type { Faults } from '../control.ts';
import { partitionSizeBytes } from '../images/diskImage.ts';
import type { DiskChain } from '../model/diskChain.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { Mount } from './fileTree.ts';
import { guestAccounts, type GuestAccount } from './accounts.ts';
import { GuestFiles } from './guestFiles.ts';
import { type InsideFile, insideFiles, insideProcesses } from './guestInside.ts';
import { type GuestNature, usualNature } from './guestNature.ts';
import { GuestProcesses } from './guestProcesses.ts';
import { runProgram } from './guestShell.ts';
import type { WindowsObject } from './powerShell.ts';

/** Of a partition, what its file system can hold. */
const usableShare = 0.95;

/** What runs in a VM, as far as guest operations see it. */
export class LabGuest {
  readonly #linuxFiles: GuestFiles;
  readonly #processes: GuestProcesses;
  readonly #clock: Clock;
  readonly #faults: Faults;
  #nature = usualNature;
  /** While it is a Windows. */
  #windowsFiles: GuestFiles | undefined;
  #inside: readonly InsideFile[] = [];

  constructor(
    mounts: readonly Mount[],
    { clock, faults }: { readonly clock: Clock; readonly faults: Faults },
  ) {
    this.#linuxFiles = new GuestFiles(mounts, clock);
    this.#processes = new GuestProcesses(clock);
    this.#clock = clock;
    this.#faults = faults;
  }

  /** The file systems on its disks. */
  get linuxMounts(): readonly Mount[] {
    return this.#linuxFiles.mounts;
  }

  get files(): GuestFiles {
    return this.#windowsFiles ?? this.#linuxFiles;
  }

  /** Its files are from now on those of such a guest; the disks' bytes stay. */
  become(nature: GuestNature): void {
    for (const { path } of this.#inside) this.files.removeIfThere(administrator, path);
    this.#nature = nature;
    this.#windowsFiles = nature.family === 'windowsGuest' ? new GuestFiles([], this.#clock) : undefined;
    this.#windowsFiles?.makeFolder(administrator, '/C:/Windows/Temp', true);
    this.#windowsFiles?.setAttributes(administrator, '/C:/Windows/Temp', { mode: 0o1777 });
    this.#inside = insideFiles(nature, this.#linuxFiles.mounts.at(-1)?.path ?? '/');
    for (const { path, mode, text } of this.#inside) {
      this.files.makeFolders(administrator, path.slice(0, path.lastIndexOf('/')));
      this.files.write(administrator, path, Buffer.from(text), { mode });
    }
  }

  processes(pids: readonly number[]): readonly PlainObject[] {
    return this.#processes.list(insideProcesses(this.#nature), pids);
  }

  /** Undefined if there is no such program. */
  start(account: GuestAccount, program: string, commandLine: string): number | undefined {
    const { family, quiescing } = this.#nature;
    const end = runProgram(family, program, commandLine, {
      isAdministrator: account.uid === 0,
      mounts: this.#mountTable(),
      writers: quiescing.writers,
      query: command => this.#query(command),
    });
    if (end === undefined) return undefined;
    this.files.write(account, end.outputPath, Buffer.from(end.output), {});
    const name = program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1);
    const process = { name, commandLine: `${program} ${commandLine}`, owner: account.name };
    return this.#processes.start(process, this.#faults.guestProgramsHang ? undefined : end.exitCode);
  }

  /** False if it does not run. */
  endProcess(pid: number): boolean {
    return this.#processes.end(pid);
  }

  freeBytes(vmName: string): number {
    return Math.min(this.files.freeBytes, this.#faults.guestFreeBytes[vmName] ?? Infinity);
  }

  /** The file system on a disk, as VMware Tools tell of it. */
  describeDisk(vmName: string, { key, content }: DiskChain): PlainObject[] {
    const index = this.#linuxFiles.mounts.findIndex(({ disk }) => disk === content);
    const mount = this.#linuxFiles.mounts[index];
    if (mount === undefined) return [];
    const isWindows = this.#windowsFiles !== undefined;
    return [
      {
        diskPath: isWindows ? driveOf(index) : mount.path,
        capacity: Math.max(0, Math.floor(partitionSizeBytes(content.sizeBytes) * usableShare)),
        freeSpace: this.freeBytes(vmName),
        filesystemType: isWindows ? 'NTFS' : 'ext4',
        mappings: [{ key }],
      },
    ];
  }

  #mountTable(): string {
    const onDisks = this.#linuxFiles.mounts.map(
      ({ path }, index) => `/dev/sd${String.fromCharCode(97 + index)}1 ${path} ext4 rw,relatime 0 0`,
    );
    const all = [...kernelMounts, ...onDisks, ...this.#nature.inside.networkMounts];
    return all.map(line => `${line}\n`).join('');
  }

  #query(command: string): readonly WindowsObject[] | undefined {
    const { mounts } = this.#linuxFiles;
    const { inside, quiescing } = this.#nature;
    switch (command) {
      case 'Get-CimInstance Win32_DiskPartition':
        return mounts.map(() => ({
          Type: quiescing.hasDynamicDisks ? 'Logical Disk Manager' : 'GPT: Basic Data',
        }));
      case 'Get-StoragePool':
        return [
          { FriendlyName: 'Primordial', IsPrimordial: true },
          ...inside.pools.map(name => ({ FriendlyName: name, IsPrimordial: false })),
        ];
      case 'Get-Disk':
        return mounts.map(() => ({ BusType: 'SAS', FriendlyName: 'VMware Virtual disk' }));
      case 'Get-SmbConnection':
        return inside.shares.map(share => {
          const [server = '', name = ''] = share.split(' ');
          return { ServerName: server, ShareName: name };
        });
      case 'Get-CimInstance Win32_Volume':
        return mounts.map((_, index) => ({ FileSystem: 'NTFS', Name: driveOf(index) }));
      default:
        return undefined;
    }
  }
}

const administrator = guestAccounts[0] as GuestAccount;

const kernelMounts = [
  'proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0',
  'tmpfs /run tmpfs rw,nosuid,nodev,size=402352k,mode=755 0 0',
  'sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0',
];

function driveOf(index: number): string {
  return `${String.fromCharCode(67 + index)}:\\`;
}
