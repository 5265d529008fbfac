import { open } from 'node:fs/promises';

import { CorruptDataError } from '../../base/errors.ts';
import { askDebugfs } from './ext4Tools.ts';

/** One node of a guest's file system as it is in the image: what the lab knows of it without reading ext4. */
export interface ImageFile {
  /** Absolute. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Permission bits: `0o7777`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a file: where its bytes lie. What is between them are holes. */
  readonly runs?: readonly ContentRun[];
}

/** A run of a file's bytes on the disk. */
export interface ContentRun {
  readonly fileOffsetBytes: number;
  readonly startBytes: number;
  readonly lengthBytes: number;
}

const blockBytes = 4096;

/** The file with its bytes at places that lie `offsetBytes` further back. */
export function movedBy(offsetBytes: number, file: ImageFile): ImageFile {
  if (file.runs === undefined) return file;
  return { ...file, runs: file.runs.map(run => ({ ...run, startBytes: run.startBytes + offsetBytes })) };
}

/** One line of JSON for each. */
export function writeImageFiles(files: readonly ImageFile[]): string {
  return files.map(file => `${JSON.stringify(file)}\n`).join('');
}

export function parseImageFiles(text: string): ImageFile[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ImageFile);
}

/**
 * Everything an image's ext4 file system holds, folders before what is in them, as debugfs tells it. Places are those
 * of the file system.
 * @param offsetBytes  where the file system begins in the image
 */
export async function listImageFiles(imagePath: string, offsetBytes: number): Promise<ImageFile[]> {
  const found = new Map<string, number>([['/', rootInode]]);
  for (let folders: [string, number][] = [['/', rootInode]]; folders.length > 0;) {
    const commands = folders.map(([, inode]) => `ls -p <${inode}>`);
    const listings = await askDebugfs(imagePath, offsetBytes, commands);
    const deeper: [string, number][] = [];
    for (const [index, [folder]] of folders.entries()) {
      for (const { name, inode, isFolder } of entriesIn(listings[index] ?? '')) {
        const path = `${folder === '/' ? '' : folder}/${name}`;
        found.set(path, inode);
        if (isFolder) deeper.push([path, inode]);
      }
    }
    folders = deeper;
  }
  const entries = [...found];
  const descriptions = await askDebugfs(
    imagePath,
    offsetBytes,
    entries.map(([, inode]) => `stat <${inode}>`),
  );
  const files = entries.map(([path], index) => describedFile(path, descriptions[index] ?? ''));
  return await withLongTargets(
    imagePath,
    offsetBytes,
    files.filter(file => file !== undefined),
  );
}

const rootInode = 2;

/** Lines as "/25/040755/0/0/name/size/", the size empty for folders. */
function* entriesIn(listing: string): Generator<{ name: string; inode: number; isFolder: boolean }> {
  for (const [, inode = '', mode = '', name = ''] of listing.matchAll(
    /^\/(\d+)\/(\d+)\/\d+\/\d+\/(.*)\/\d*\/$/gm,
  ))
    if (inode !== '0' && name !== '.' && name !== '..')
      yield { name, inode: Number(inode), isFolder: mode.startsWith('04') };
}

/** Undefined for what is neither file nor folder nor link. */
function describedFile(path: string, description: string): ImageFile | undefined {
  const head =
    /Type: (\w+) .*Mode:\s+(\d+) [^]*?User:\s+(\d+)\s+Group:\s+(\d+)[^]*?Size: (\d+)[^]*?\bmtime: 0x([0-9a-f]+)(?::([0-9a-f]+))?/.exec(
      description,
    );
  if (head === null) throw new CorruptDataError(`debugfs says nothing of ${path}`, { object: path });
  const [, type = '', mode = '', uid, gid, size, seconds = '', extra = '0'] = head;
  const kind = kinds[type];
  if (kind === undefined) return undefined;
  const sizeBytes = Number(size);
  const target = /Fast link dest: "(.*)"/.exec(description)?.[1];
  const facts = {
    path,
    kind,
    mode: parseInt(mode, 8) & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    sizeBytes: kind === 'directory' ? 0 : sizeBytes,
    // The lowest two bits of the second number belong to the seconds.
    modifiedMs: parseInt(seconds, 16) * 1000 + Math.floor((parseInt(extra, 16) >>> 2) / 1e6),
  };
  if (target !== undefined) return { ...facts, target };
  return kind === 'directory' ? facts : { ...facts, runs: runsIn(description) };
}

const kinds: Readonly<Record<string, ImageFile['kind']>> = {
  regular: 'file',
  directory: 'directory',
  symlink: 'symlink',
};

/** As "(0):1264, (256-300):1300-1344"; blocks of the extent tree itself are told as "(ETB0):9". */
function runsIn(description: string): ContentRun[] {
  const extents = description.slice(description.indexOf('EXTENTS:'));
  return [...extents.matchAll(/\((\d+)(?:-(\d+))?\):(\d+)/g)].map(([, first, last, place]) => ({
    fileOffsetBytes: Number(first) * blockBytes,
    startBytes: Number(place) * blockBytes,
    lengthBytes: (Number(last ?? first) - Number(first) + 1) * blockBytes,
  }));
}

/** Targets too long for the node lie in a block of their own. */
async function withLongTargets(
  imagePath: string,
  offsetBytes: number,
  files: readonly ImageFile[],
): Promise<ImageFile[]> {
  const image = await open(imagePath);
  try {
    const complete: ImageFile[] = [];
    for (const { runs, ...file } of files) {
      const start = runs?.[0]?.startBytes;
      if (file.kind !== 'symlink' || start === undefined) {
        complete.push(runs === undefined ? file : { ...file, runs });
        continue;
      }
      const target = Buffer.alloc(file.sizeBytes);
      await image.read(target, 0, target.length, offsetBytes + start);
      complete.push({ ...file, target: target.toString('utf8') });
    }
    return complete;
  } finally {
    await image.close();
  }
}
