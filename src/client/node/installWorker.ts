import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../base/node/fileErrors.ts';

const files = ['argon2Thread.mjs', 's3Sdk.mjs', 'sealWorker.mjs', 'worker.mjs'] as const;

/**
 * Copies the bundles into a folder named after their content, unless they are there, and gives the path of the worker.
 * Several may do so at once: each file appears whole, and all copies are the same.
 */
export async function installWorker(bundleFolder: string, storageFolder: string): Promise<string> {
  const contents = await Promise.all(files.map(async name => await read(join(bundleFolder, name))));
  const hash = createHash('sha256');
  for (const content of contents) hash.update(`${content.byteLength}\n`).update(content);
  const folder = join(storageFolder, `worker-${hash.digest('hex').slice(0, 16)}`);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  for (const [index, name] of files.entries()) {
    const path = join(folder, name);
    const content = contents[index] ?? new Uint8Array();
    if ((await sizeOf(path)) !== content.byteLength) await writeFileDurably(path, content);
  }
  return join(folder, 'worker.mjs');
}

async function read(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (
    await stat(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw fileError(path, error);
    })
  )?.size;
}
