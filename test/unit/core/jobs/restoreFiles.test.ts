import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { CorruptDataError } from '../../../../src/base/errors.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { planFileRestore } from '../../../../src/core/jobs/guestFiles/fileRestorePlan.ts';
import { lookUpLocalTarget, restoreFiles } from '../../../../src/core/jobs/guestFiles/node/restoreFiles.ts';
import type { Volume } from '../../../../src/core/volume/volume.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fakeGuest } from '../../../support/fakeGuest.ts';
import { pattern } from '../../../support/pattern.ts';
import { sampleDisk } from '../../../support/restorePoints.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const volume = { index: 1, source: memorySource(new Uint8Array(0)) } as unknown as Volume;

test('a file that proves damaged while it is read is left out and named; the files behind it are restored', async () => {
  const { fileSystem } = fakeGuest({
    root: { kind: 'directory', entries: { data: 'data' } },
    data: { kind: 'directory', entries: { first: 'first', torn: 'torn', last: 'last' } },
    first: { kind: 'file', content: pattern(10) },
    torn: { kind: 'file', content: pattern(20), contentDamage: new CorruptDataError('chunk 3 is damaged') },
    last: { kind: 'file', content: pattern(30) },
  });
  const targetFolder = temporaryFolder('restore-files');
  const node = await fileSystem.lookup('/data', anySignal);
  const location = { disk: sampleDisk({}), volume, fileSystem, node, path: '/data' };
  const plan = await planFileRestore(
    [location],
    { targetFolder, onConflict: 'fail' },
    lookUpLocalTarget,
    anySignal,
  );

  const damaged = await restoreFiles(plan, () => undefined, anySignal);

  expect(damaged.map(({ code, message }) => [code, message])).toEqual([
    ['CORRUPT_DATA', '/data/torn: chunk 3 is damaged'],
  ]);
  expect(readFileSync(join(targetFolder, 'data/first'))).toEqual(Buffer.from(pattern(10)));
  expect(readFileSync(join(targetFolder, 'data/last'))).toEqual(Buffer.from(pattern(30)));
  expect(await lookUpLocalTarget(join(targetFolder, 'data/torn'))).toBe('absent');
  expect(statSync(join(targetFolder, 'data/last')).mode & 0o777).toBe(0o640);
  expect(statSync(join(targetFolder, 'data')).mtimeMs).toBe(1_700_000_000_000);
});
