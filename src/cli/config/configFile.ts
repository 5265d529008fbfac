import { readFile } from 'node:fs/promises';

import { writeFileDurably } from '../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../base/node/fileErrors.ts';
import { type Config, decodeConfig, emptyConfig, encodeConfig } from './config.ts';

/** A missing file is an empty configuration. */
export async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  return text === undefined ? emptyConfig : decodeConfig(text, path);
}

export async function changeConfig(path: string, change: (config: Config) => Config): Promise<void> {
  await writeFileDurably(path, encodeConfig(change(await readConfig(path))));
}
