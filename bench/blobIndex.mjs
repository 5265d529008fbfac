// The index of blobs of large repositories; each measurement in a process of its own.
//   npm run bench:repository -- --jobs index [--runs 3 --blobs 20000000]
import { spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';

const program = join(import.meta.dirname, 'programs/blobIndex.mjs');
const smaller = 1_000_000;

/** @param folder  for some GB, which the caller removes */
export async function measureIndex(folder, runCount, blobCount) {
  const rows = [];
  const small = join(folder, 'small');
  const large = join(folder, 'large');
  await run('make', small, smaller);
  const smallIndex = join(folder, 'small-index');
  const uncached = await runs(runCount, async () => {
    rmSync(smallIndex, { recursive: true, force: true });
    return await run('open', small, smallIndex, '--blobs', smaller);
  });
  rows.push(['1 million blobs: open uncached', '≤ 6 s', ...told(uncached)]);
  rows.push(['the same, cached', '–', ...told([await run('open', small, smallIndex, '--blobs', smaller)])]);
  await run('make', large, blobCount);
  const largeIndex = join(folder, 'large-index');
  const millions = `${blobCount / 1_000_000} million blobs`;
  rows.push([`${millions}: open uncached`, '–', ...told([await run('open', large, largeIndex)])]);
  const cached = await runs(runCount, async () => await run('open', large, largeIndex, '--blobs', blobCount));
  rows.push([`${millions}: open cached`, '≤ 1 s, ≤ 200 MB', ...told(cached)]);

  console.log(
    `${runCount} runs, worst (median), Node ${process.version}, processors ${cpus().length} (${cpus()[0].model.trim()}), ` +
      `load ${loadavg()[0].toFixed(1)}, ${Math.round(sizeOf(largeIndex) / 1e6)} MB on disk`,
  );
  console.log(
    '| what | goal | open | longest turn, processor time | peak memory at opening, after lookups | lookup found, p95 | absent, p95 |\n' +
      '| --- | --- | --- | --- | --- | --- | --- |',
  );
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

async function runs(count, measure) {
  const figures = [];
  for (let number = 0; number < count; number += 1) figures.push(await measure());
  return figures;
}

function told(figures) {
  const of = (key, text) => {
    const values = figures.map(figure => figure[key]).sort((a, b) => a - b);
    if (values[0] === undefined) return '–';
    return `${text(values.at(-1))} (${text(values[values.length >> 1])})`;
  };
  const ms = value => `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
  const mb = value => `${value} MB`;
  return [
    of('openMs', value => `${(value / 1000).toFixed(2)} s`),
    of('longestTurnMs', ms),
    `${of('openedPeakMb', mb)}, ${of('peakMb', mb)}`,
    of('foundP95Ms', ms),
    of('absentP95Ms', ms),
  ];
}

async function run(...args) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args.map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', text => (said += text));
  const code = await new Promise(resolve => child.once('close', resolve));
  if (code !== 0) throw new Error(`blobIndex.mjs ${args.join(' ')} ended with ${code}`);
  console.error(`${args.join(' ')}: ${said.trim()}`);
  return JSON.parse(said);
}

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true }).reduce(
    (sum, name) => sum + statSync(join(folder, name)).size,
    0,
  );
}
