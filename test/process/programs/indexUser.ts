// A process that uses the kept index of a repository again and again beside others, and holds every answer against what it
// must be: node indexUser.ts FOLDER ROUNDS SEED. Prints how many answers there were.
import { createHash } from 'node:crypto';

import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { blobIdOf } from '../../../src/core/codec/blobId.ts';
import { recordsOf } from '../../../src/core/repository/blobRecord.ts';
import { LayeredBlobIndex } from '../../../src/core/repository/layeredBlobIndex.ts';
import { fileSegmentStores } from '../../../src/core/repository/node/fileSegmentStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';

const [folder = '', rounds = '', seed = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const fileCount = 24;
const blobsPerFile = 150;
const random = seededRandom(Number(seed));
const deps = { folder, clock: systemClock, random: systemRandom, logger: silentLogger };
const stores = fileSegmentStores(deps)('5'.repeat(64));
let answers = 0;
for (let round = 0; round < Number(rounds); round += 1) {
  await using index = await LayeredBlobIndex.open(
    { logger: silentLogger, segments: stores.kept, maxRecordsInMemory: 400, minRecordsToKeep: 1 },
    signal,
  );
  // As if some index files had come and others gone since the round before.
  const listed = Array.from({ length: fileCount }, (_, file) => file).filter(() => random.bytes(1)[0]! < 150);
  for (const file of listed) await index.addFile(idOfFile(file), packsOf(file), signal);
  await index.keepOnly(new Set(listed.map(idOfFile)), signal);
  await index.settle(signal);
  for (let file = 0; file < fileCount; file += 1) {
    for (let blob = 0; blob < blobsPerFile; blob += 7) {
      const found = await index.lookup('data', idOfBlob(file, blob), signal);
      const isRight = listed.includes(file)
        ? found?.packId === idOfPack(file) && found.offsetBytes === blob * 100
        : found === undefined;
      if (!isRight) throw new Error(`round ${round}, file ${file}, blob ${blob}: ${JSON.stringify(found)}`);
      answers += 1;
    }
  }
}
console.log(answers);

function packsOf(file: number) {
  const blobs = Array.from({ length: blobsPerFile }, (_, blob) => ({
    ...{ type: 'data' as const, id: idOfBlob(file, blob), offsetBytes: blob * 100, lengthBytes: 100 },
  }));
  return [{ packId: idOfPack(file), records: recordsOf(blobs) }];
}

function idOfFile(file: number): string {
  return createHash('sha256').update(`file ${file}`).digest('hex');
}

function idOfPack(file: number): string {
  return createHash('sha256').update(`pack ${file}`).digest('hex');
}

function idOfBlob(file: number, blob: number) {
  return blobIdOf(Buffer.from(`blob ${file} ${blob}`));
}
