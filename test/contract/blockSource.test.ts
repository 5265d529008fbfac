import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatSource } from '../../src/core/block/concatSource.ts';
import { memorySource } from '../../src/core/block/memorySource.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { sliceSource } from '../../src/core/block/sliceSource.ts';
import { pattern } from '../support/pattern.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { describeBlockSource } from './blockSource.ts';

const content = pattern(10_007);

describeBlockSource('memory', async () => ({ content, source: memorySource(content) }));

describeBlockSource('slice', async () => ({
  content: content.subarray(1001, 9003),
  source: sliceSource(memorySource(content), 1001, 8002, 'partition 1'),
}));

describeBlockSource('concatenation', async () => ({
  content,
  source: concatSource(
    [
      [0, 1],
      [1, 1],
      [1, 4096],
      [4096, 10_007],
    ].map(([start, end]) => memorySource(content.subarray(start, end))),
    'parts',
  ),
}));

describeBlockSource('file', async () => {
  const path = join(temporaryFolder('source'), 'disk.raw');
  writeFileSync(path, content);
  const source = await openFileBlockSource(path);
  return { content, source, [Symbol.asyncDispose]: async () => await source[Symbol.asyncDispose]() };
});
