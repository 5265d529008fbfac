import { basename, dirname, join, resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import type { FileRestoreParams } from '../../protocol/plan.ts';
import { assertAbsolute } from './repositories.ts';

/** Where a restore of guest files goes: a folder, or a zip in it. */
export type RestoreTarget = Pick<FileRestoreParams, 'targetFolder' | 'zipName'>;

/** @throws INVALID_INPUT for a folder that is not an absolute path, or a name that leads out of it */
export function targetPathOf({ targetFolder, zipName }: RestoreTarget): string {
  assertAbsolute(targetFolder);
  if (zipName === undefined) return targetFolder;
  const path = join(targetFolder, zipName);
  if (zipName === basename(path) && dirname(path) === resolve(targetFolder)) return path;
  throw new AppError('INVALID_INPUT', `"${zipName}" is no name of a file`, { object: zipName });
}
