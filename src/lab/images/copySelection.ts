import { constants } from 'node:fs';
import { access, copyFile, lstat, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { GuestContent } from './guestDisks.ts';

/** Below /etc only what is known to hold neither keys nor passwords nor addresses of this machine. */
const harmlessInEtc = new Set([
  'alternatives',
  'debian_version',
  'fonts',
  'init.d',
  'mime.types',
  'os-release',
  'protocols',
  'rpc',
  'services',
  'skel',
  'terminfo',
  'xdg',
]);

/** Copies files of this machine into `tree`, in the order of their paths, until there are enough of them. */
export async function copySelection(content: GuestContent, tree: string): Promise<void> {
  let leftBytes = content.maxBytes;
  for (const source of content.sources) {
    for await (const path of filesBelow(source)) {
      const stat = await lstat(path);
      const target = join(tree, path);
      if (stat.isSymbolicLink()) {
        await mkdir(dirname(target), { recursive: true });
        await symlink(await readlink(path), target);
        continue;
      }
      if (stat.size > leftBytes || !(await isReadable(path))) continue;
      leftBytes -= stat.size;
      await mkdir(dirname(target), { recursive: true });
      await copyFile(path, target, constants.COPYFILE_FICLONE);
      await utimes(target, stat.atime, stat.mtime);
    }
  }
}

/** Files and symbolic links, depth first, sorted by name. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (folder === '/etc' && !harmlessInEtc.has(entry.name)) continue;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() || entry.isSymbolicLink()) yield path;
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
