import { join } from 'node:path';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { fileSegmentStores } from '../../src/core/repository/node/fileSegmentStore.ts';
import { LayeredBlobIndex } from '../../src/core/repository/layeredBlobIndex.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { blobIndexContract } from './blobIndex.ts';

const folder = suiteFolder('index');
let count = 0;
const repositoryId = '5'.repeat(64);
/** Everything goes to disk at once, and is put together all the time. */
const limits = { maxRecordsInMemory: 30, minRecordsToKeep: 1 };

function storesIn(place: string) {
  const deps = { folder: place, clock: systemClock, random: systemRandom, logger: silentLogger };
  return fileSegmentStores(deps)(repositoryId);
}

blobIndexContract('in memory', () => ({
  open: async () => await LayeredBlobIndex.open({ logger: silentLogger }, signal),
  isKept: false,
}));

blobIndexContract('kept on disk', () => {
  const place = join(folder, String((count += 1)));
  const open = async () =>
    await LayeredBlobIndex.open({ logger: silentLogger, segments: storesIn(place).kept, ...limits }, signal);
  return { open, isKept: true };
});

blobIndexContract('on disk for a while', () => ({
  open: async () => {
    const segments = storesIn(join(folder, 'scratch')).scratch;
    return await LayeredBlobIndex.open({ logger: silentLogger, segments, ...limits }, signal);
  },
  isKept: false,
}));
