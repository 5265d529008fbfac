import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of whole packs of a repository in a folder; one that is on its way has another name. */
export function packBytesOf({ repositoryFolder }: { readonly repositoryFolder: string }): number {
  const data = join(repositoryFolder, 'data');
  return readdirSync(data)
    .flatMap(name => readdirSync(join(data, name)).map(pack => join(data, name, pack)))
    .filter(path => /[0-9a-f]{64}$/.test(path))
    .reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}
