import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { AppError } from '../../base/errors.ts';
import type { Extent } from '../../core/block/extent.ts';

const run = promisify(execFile);

/** e2fsprogs lies outside the PATH of ordinary users on several systems. */
const searchPath = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin', '/usr/local/sbin'].join(':');
const environment = { ...process.env, PATH: searchPath, LC_ALL: 'C' };

/** Whether ext4 file systems can be made here: e2fsprogs is installed. */
export async function ext4ToolsPresent(): Promise<boolean> {
  try {
    await run('mke2fs', ['-V'], { env: environment });
    await run('debugfs', ['-V'], { env: environment });
    return true;
  } catch {
    return false;
  }
}

export interface Ext4Recipe {
  /** An existing file; the file system goes to `offsetBytes` of it. */
  readonly imagePath: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly label: string;
  readonly uuid: string;
  /** The folder whose contents the file system gets. */
  readonly treePath: string;
  /** Further arguments for mke2fs. */
  readonly extraArguments?: readonly string[];
}

export async function makeExt4(recipe: Ext4Recipe): Promise<void> {
  const options = [
    ['-q', '-F', '-t', 'ext4', '-b', '4096', '-L', recipe.label, '-U', recipe.uuid],
    ['-E', `offset=${recipe.offsetBytes},root_owner=0:0,hash_seed=${recipe.uuid}`],
    ['-d', recipe.treePath],
    recipe.extraArguments ?? [],
  ];
  const blockCount = Math.floor(recipe.sizeBytes / 4096);
  await e2fsTool('mke2fs', [...options.flat(), recipe.imagePath, String(blockCount)]);
}

/**
 * Where the bytes of one file lie, in bytes of the image, in the order of the file.
 * @param offsetBytes  where the file system begins in the image
 */
export async function fileExtents(
  imagePath: string,
  offsetBytes: number,
  guestPath: string,
): Promise<Extent[]> {
  const image = `${imagePath}?offset=${offsetBytes}`;
  const listing = await e2fsTool('debugfs', ['-R', `dump_extents -l ${guestPath}`, image]);
  const extents: Extent[] = [];
  // "Level Entries Logical Physical Length Flags", for instance " 0/ 0   1/  1     0 -   511  1536 -  2047    512"
  for (const match of listing.matchAll(
    /^\s*\d+\/\s*\d+\s+\d+\/\s*\d+\s+\d+ -\s+\d+\s+(\d+) -\s+\d+\s+(\d+)/gm,
  ))
    extents.push({
      startBytes: offsetBytes + Number(match[1]) * 4096,
      lengthBytes: Number(match[2]) * 4096,
    });
  if (extents.length === 0)
    throw new AppError('NOT_FOUND', `no extents of ${guestPath} in ${imagePath}`, { object: guestPath });
  return extents;
}

/**
 * What debugfs prints for each of `commands`, in their order.
 * @param offsetBytes  where the file system begins in the image
 */
export async function askDebugfs(
  imagePath: string,
  offsetBytes: number,
  commands: readonly string[],
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'quiesce-debugfs-'));
  try {
    const script = join(folder, 'commands');
    await writeFile(script, commands.map(command => `${command}\n`).join(''));
    const printed = await e2fsTool('debugfs', ['-f', script, `${imagePath}?offset=${offsetBytes}`]);
    // It repeats each command in front of its answer.
    return printed.split(/^debugfs: .*\n/m).slice(1);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function e2fsTool(tool: string, commandLine: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(tool, commandLine, { env: environment, maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new AppError('INTERNAL', `${tool} failed: ${stderr}`, {
      object: tool,
      remedy: 'Use the small profile, which needs no file-system tools',
      cause,
    });
  }
}
