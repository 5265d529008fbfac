import { readFile } from 'node:fs/promises';

import { CorruptDataError } from '../../base/errors.ts';
import { writeFileDurably } from '../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../base/node/fileErrors.ts';
import { type Config, decodeConfig, emptyConfig, encodeConfig } from './config.ts';

/** A missing file is an empty configuration. */
export async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  return text === undefined ? emptyConfig : decodeOrAdvise(text, path);
}

export async function changeConfig(path: string, change: (config: Config) => Config): Promise<void> {
  await writeFileDurably(path, encodeConfig(change(await readConfig(path))));
}

/** A person has edited the file, or a disk has lost half of it: both can be mended. */
function decodeOrAdvise(text: string, path: string): Config {
  try {
    return decodeConfig(text, path);
  } catch (error) {
    if (!(error instanceof CorruptDataError)) throw error;
    throw new CorruptDataError(error.message, {
      object: path,
      remedy: 'Mend the file, or move it away and add servers and repositories anew',
      cause: error.cause,
    });
  }
}
