import { join } from 'node:path';
import { expect, test } from 'vitest';

import { targetPathOf } from '../../../../src/worker/serve/restoreTarget.ts';

const targetFolder = join(process.cwd(), 'restored');

test('a restore goes to a folder, or to a zip in it', () => {
  expect(targetPathOf({ targetFolder })).toBe(targetFolder);
  expect(targetPathOf({ targetFolder: `${targetFolder}/`, zipName: 'a.zip' })).toBe(
    join(targetFolder, 'a.zip'),
  );
  expect(targetPathOf({ targetFolder, zipName: 'my files.zip' })).toBe(join(targetFolder, 'my files.zip'));
});

test.each(['', '.', '..', '../files.zip', 'a/b.zip', '/files.zip', './files.zip/..'])(
  'the name %j of a zip is refused',
  zipName => {
    expect(() => targetPathOf({ targetFolder, zipName })).toThrow(`"${zipName}" is no name of a file`);
  },
);

test('a relative folder is refused', () => {
  expect(() => targetPathOf({ targetFolder: 'restored' })).toThrow('restored is not an absolute path');
});
