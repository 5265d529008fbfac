import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const codec = fileURLToPath(new URL('../../src/core/codec/', import.meta.url));

const program = `
import { WorkerSealingPool } from ${JSON.stringify(join(codec, 'node/workerSealingPool.ts'))};
import { generateMasterKey } from ${JSON.stringify(join(codec, 'masterKey.ts'))};
import { systemRandom } from ${JSON.stringify(fileURLToPath(new URL('../../src/base/random.ts', import.meta.url)))};
const { signal } = new AbortController();
const script = new URL('./sealWorker.mjs', import.meta.url);
const pool = new WorkerSealingPool(generateMasterKey(systemRandom), { script, threadCount: 2, compression: 'auto' });
const MiB = 1 << 20;
const contents = Array.from({ length: 32 }, (_, n) =>
  Buffer.from(Array.from({ length: MiB / 16 }, (_, i) => String(i * 31 + n).padStart(16, '.')).join('')));
const copies = contents.map(content => new Uint8Array(content));
let longestBlockMs = 0;
let last = performance.now();
const watch = setInterval(() => {
  longestBlockMs = Math.max(longestBlockMs, performance.now() - last - 1);
  last = performance.now();
}, 1);
const startMs = performance.now();
const results = [];
for (let n = 0; n < copies.length; n += 4) {
  results.push(...await Promise.all(copies.slice(n, n + 4).map(async plain => {
    const blob = await pool.seal(await pool.hash(plain, signal), signal);
    return await pool.unseal(blob.sealed, blob, signal);
  })));
}
clearInterval(watch);
const ms = Math.round(performance.now() - startMs);
await pool[Symbol.asyncDispose]();
const wrong = results.filter((result, n) => !contents[n].equals(result)).length;
const bytes = results.reduce((sum, { length }) => sum + length, 0);
console.log(JSON.stringify({ bytes, wrong, ms, longestBlockMs: Math.round(longestBlockMs) }));
`;

test('the pool and its thread work as bundles, away from the sources and their packages', async () => {
  const folder = temporaryFolder('bundle');
  writeFileSync(join(folder, 'program.ts'), program);
  await build({
    entryPoints: { program: join(folder, 'program.ts'), sealWorker: join(codec, 'node/sealWorker.ts') },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    outdir: join(folder, 'out'),
    outExtension: { '.js': '.mjs' },
  });
  const run = spawnSync(process.execPath, [join(folder, 'out', 'program.mjs')], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  console.log(`sealing bundle: ${run.stdout.trim()}`);
  expect(JSON.parse(run.stdout)).toMatchObject({ bytes: 32 * 1024 * 1024, wrong: 0 });
});
