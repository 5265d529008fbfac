// Our repository beside restic and borg: the same raw disk of real files, in turn, in one run.
//   npm run bench:repository [-- --gib 8 --runs 3 --jobs full-auto,again --json]
//   npm run bench:repository -- --jobs index [--blobs 20000000]
// Prints medians and ratios for docs/BENCHMARKS.md. restic is built from its Go module, borg is the machine's own.
import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { measureIndex } from './blobIndex.mjs';
import { bundled, bundlePrograms } from './bundle.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '8' },
    runs: { type: 'string', default: '3' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
    blobs: { type: 'string', default: '20000000' },
  },
});
const runCount = Number(values.runs);
const sizeGib = Number(values.gib);
const gibBytes = 1024 ** 3;
const pieceBytes = 64 * 1024;
/** Of the disk; the rest stays free, as on a disk in use. */
const filledShare = 0.76;
const changedShare = 0.01;
const historyLength = 90;
const resticModule = 'github.com/restic/restic/cmd/restic@v0.18.1';
const clone = join(import.meta.dirname, '..');
const password = 'bench';
const folder = mkdtempSync(join(process.env.QUIESCE_BENCH_FOLDER ?? tmpdir(), 'quiesce-repository-'));
const image = join(folder, 'source', 'disk.raw');
/** For what is repeated too often to do it with the whole disk. */
const smallImage = join(folder, 'source', 'small.raw');
const changedAreas = join(folder, 'changed.json');

const all = runOf => ({ ours: runOf, restic: runOf, borg: runOf });
const both = runOf => ({ ours: runOf, restic: runOf });
const alone = runOf => ({ ours: runOf });

/** Goals are our wall time as a share of restic's; `rounds` where the whole of them takes too long. */
const jobs = [
  { key: 'full-auto', name: 'first full, auto', goal: 0.65, run: all('fullAuto') },
  { key: 'again', name: 'same disk again', goal: 0.35, run: all('again') },
  { key: 'restore', name: 'restore', goal: 0.5, run: all('restore') },
  { key: 'check', name: 'check all data', goal: 0.7, run: all('check') },
  { key: 'cold', name: '500 reads of 4 KiB, cold', run: alone('coldReads') },
  {
    key: 'contiguous',
    name: '1 % changed, contiguous',
    goal: 0.05,
    run: both('changes'),
    prepare: () => change(1),
  },
  {
    key: 'clustered',
    name: '1 % changed, in 16 places',
    goal: 0.1,
    run: both('changes'),
    prepare: () => change(16),
  },
  {
    key: 'random',
    name: '1 % changed, random 64 KiB',
    goal: 0.5,
    run: both('changes'),
    prepare: () => change(),
  },
  { key: 'full-fast', name: 'first full, fast', goal: 0.55, run: both('fullFast') },
  {
    key: 'history',
    name: `restore of 1 GiB after ${historyLength} incrementals`,
    goal: 0.6,
    run: both('restoreSmall'),
    prepare: makeHistory,
  },
  { key: 'thin', name: '62 TiB thin, 100 changed chunks', run: alone('thin') },
  ...[1, 4, 16].map(gib => ({
    key: 'growth',
    name: `full of ${gib} GiB`,
    gib,
    rounds: 1,
    run: alone('grown'),
  })),
].filter(({ key }) => values.jobs === undefined || values.jobs.split(',').includes(key));
const needsDisk = jobs.some(({ key }) => !['history', 'thin', 'growth'].includes(key));
const needsSmallDisk = jobs.some(({ key }) => ['history', 'growth'].includes(key));
const peers = { ours: ours(), restic: restic(), borg: borg() };
let hasHistory = false;

try {
  if (values.jobs === 'index') await measureIndex(folder, runCount, Number(values.blobs));
  else await measureDisk();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureDisk() {
  await bundlePrograms(folder, 'rawDisk');
  mkdirSync(join(folder, 'source'));
  if (needsDisk) makeDisk(image, sizeGib);
  if (needsSmallDisk) makeDisk(smallImage, 1);
  const measured = [];
  for (const job of jobs) measured.push(await measure(job));
  print(measured);
}

/** Each program once per round, so that what disturbs one disturbs the others. */
async function measure({ name, goal, run, prepare, gib, rounds = runCount }) {
  const figures = {};
  for (let round = 0; round < rounds; round += 1) {
    await prepare?.();
    for (const [peer, job] of Object.entries(run)) {
      if (peers[peer] === undefined) continue;
      const figure = await peers[peer][job](gib);
      (figures[peer] ??= []).push(figure);
      console.error(
        `${name}, ${peer}: ${figure.wallSeconds.toFixed(1)} s, ${figure.cpuSeconds.toFixed(1)} s of the processors, ` +
          `${figure.peakMb} MB, stored ${figure.storedMb ?? '–'} MB`,
      );
    }
  }
  return { name, goal, gib, figures };
}

function ours() {
  const job = async (name, repository, ...rest) =>
    await timed(process.execPath, [...bundled(folder, 'rawDisk'), name, repository, ...rest], {
      QUIESCE_BENCH_PASSWORD: password,
    });
  const repository = join(folder, 'ours');
  const small = join(folder, 'ours-small');
  const fresh = async at => {
    rmSync(at, { recursive: true, force: true });
    await job('init', at);
  };
  const full = async compression => {
    await fresh(repository);
    return withStored(await job('full', repository, image, '--compression', compression), repository);
  };
  const changes = async (at, disk) =>
    await stored(at, async () => await job('incremental', at, disk, '--changed', changedAreas));
  return {
    fullAuto: async () => await full('auto'),
    fullFast: async () => await full('fast'),
    again: async () => await job('full', repository, image),
    restore: async () => await restored(image, async target => await job('restore', repository, target)),
    check: async () => await job('check', repository),
    coldReads: async () => {
      if (!existsSync(repository)) await full('auto');
      return await job('coldReads', repository);
    },
    changes: async () => {
      if (!existsSync(repository)) await full('auto');
      return await changes(repository, image);
    },
    beginSmall: async () => {
      await fresh(small);
      await job('full', small, smallImage);
    },
    changesSmall: async () => await changes(small, smallImage),
    restoreSmall: async () => await restored(smallImage, async target => await job('restore', small, target)),
    thin: async () => {
      const at = join(folder, 'ours-thin');
      await fresh(at);
      await job('thinBase', at);
      return await stored(at, async () => await job('thin', at));
    },
    grown: async gib => {
      const at = join(folder, 'ours-grown');
      await fresh(at);
      const figure = withStored(await job('grown', at, smallImage, '--gib', String(gib)), at);
      rmSync(at, { recursive: true, force: true });
      return figure;
    },
  };
}

function restic() {
  const program = installRestic();
  if (program === undefined) return undefined;
  const repository = join(folder, 'restic');
  const small = join(folder, 'restic-small');
  const job = async (at, ...rest) =>
    await timed(program, ['--repo', at, '--no-cache', '--quiet', ...rest], { RESTIC_PASSWORD: password });
  const fresh = async at => {
    rmSync(at, { recursive: true, force: true });
    await job(at, 'init');
  };
  const full = async () => {
    await fresh(repository);
    return withStored(await job(repository, 'backup', '--compression', 'auto', image), repository);
  };
  const changes = async (at, disk) => await stored(at, async () => await job(at, 'backup', disk));
  const restore = async (at, disk) =>
    await restored(
      disk,
      async target => await job(at, 'restore', 'latest', '--sparse', '--target', `${target}.folder`),
    );
  return {
    fullAuto: full,
    // Its own fastest that compresses: it knows off, auto and max.
    fullFast: full,
    again: async () => await job(repository, 'backup', '--force', image),
    restore: async () => await restore(repository, image),
    check: async () => await job(repository, 'check', '--read-data'),
    changes: async () => {
      if (!existsSync(repository)) await full();
      return await changes(repository, image);
    },
    beginSmall: async () => {
      await fresh(small);
      await job(small, 'backup', smallImage);
    },
    changesSmall: async () => await changes(small, smallImage),
    restoreSmall: async () => await restore(small, smallImage),
  };
}

function borg() {
  if (!onPath('borg')) return undefined;
  const repository = join(folder, 'borg');
  const environment = {
    BORG_PASSPHRASE: password,
    BORG_BASE_DIR: join(folder, 'borg-home'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  };
  const job = async (args, options) => await timed('borg', args, environment, options);
  let number = 0;
  const create = async () =>
    await job([
      ...[
        'create',
        '--chunker-params',
        'fixed,4194304',
        '--compression',
        'zstd,3',
        '--files-cache',
        'disabled',
      ],
      ...[`${repository}::${(number += 1)}`, image],
    ]);
  return {
    fullAuto: async () => {
      rmSync(repository, { recursive: true, force: true });
      await job(['init', '--encryption', 'repokey-blake2', repository]);
      return withStored(await create(), repository);
    },
    again: create,
    restore: async () =>
      await restored(image, async target => {
        mkdirSync(`${target}.folder`);
        return await job(['extract', '--sparse', `${repository}::${number}`], { cwd: `${target}.folder` });
      }),
    check: async () => await job(['check', '--verify-data', repository]),
  };
}

/** Both have the same disk, and the same changes of it, one after the other. */
async function makeHistory() {
  if (hasHistory) return;
  hasHistory = true;
  const two = [peers.ours, peers.restic].filter(peer => peer !== undefined);
  for (const peer of two) await peer.beginSmall();
  for (let number = 1; number <= historyLength; number += 1) {
    change(undefined, smallImage);
    for (const peer of two) await peer.changesSmall();
    if (number % 10 === 0) console.error(`${number} incrementals`);
  }
}

/** Writes over a hundredth of a disk, in so many places of the same size, or in pieces of 64 KiB anywhere; says where. */
function change(placeCount, disk = image) {
  const { size } = statSync(disk);
  const pieces = Math.round((size * changedShare) / pieceBytes);
  const places = placeCount ?? pieces;
  const placeBytes = Math.floor(pieces / places) * pieceBytes;
  const roomPieces = Math.floor(size / places / pieceBytes);
  const file = openSync(disk, 'r+');
  const areas = Array.from({ length: places }, (_, index) => {
    const piece = index * roomPieces + Math.floor(Math.random() * (roomPieces - placeBytes / pieceBytes));
    const startBytes = piece * pieceBytes;
    writeSync(file, randomFillSync(new Uint8Array(placeBytes)), 0, placeBytes, startBytes);
    return { startBytes, lengthBytes: placeBytes };
  });
  closeSync(file);
  writeFileSync(changedAreas, JSON.stringify(areas));
}

/** With what the repository has become larger by. */
async function stored(repository, run) {
  const beforeMb = megabytesOf(repository);
  const figure = await run();
  return { ...figure, storedMb: Math.round((megabytesOf(repository) - beforeMb) * 1000) / 1000 };
}

/** Runs a program to its end. Memory and processor time are those of the process with all its threads. */
async function timed(program, args, environment, options = {}) {
  const startedMs = performance.now();
  const child = spawn(program, args, {
    ...{ stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
    ...options,
  });
  let said = '';
  let printed = '';
  child.stderr.on('data', text => (said += text));
  child.stdout.on('data', text => (printed += text));
  const usage = { cpuSeconds: 0, peakMb: 0 };
  const timer = setInterval(() => Object.assign(usage, usageOf(child.pid) ?? {}), 50);
  const code = await new Promise(resolve => child.once('close', resolve)).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said}`);
  return { wallSeconds: (performance.now() - startedMs) / 1000, ...usage, ...percentilesOf(printed) };
}

/** Of one read, where our program tells. */
function percentilesOf(printed) {
  if (!printed.includes('p95Ms')) return {};
  const { p50Ms, p95Ms } = JSON.parse(printed);
  return { p50Ms, p95Ms };
}

function usageOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
    // A process on its way out has no memory any more.
    return peak === null ? { cpuSeconds } : { cpuSeconds, peakMb: Math.round(Number(peak[1]) / 1000) };
  } catch {
    // It has ended between two looks.
    return undefined;
  }
}

/** The bytes are compared, then go. */
async function restored(disk, run) {
  const target = join(folder, 'restored.raw');
  const figure = await run(target);
  const file = existsSync(target) ? target : join(`${target}.folder`, disk.slice(1));
  execFileSync('cmp', [disk, file]);
  rmSync(target, { force: true });
  rmSync(`${target}.folder`, { recursive: true, force: true });
  return figure;
}

function withStored(figure, repository) {
  return { ...figure, storedMb: megabytesOf(repository) };
}

function megabytesOf(path) {
  const [kilobytes] = execFileSync('du', ['-sk', '--apparent-size', path], { encoding: 'utf8' }).split('\t');
  return Math.round(Number(kilobytes) * 1.024) / 1000;
}

/** ext4 with files of this machine: programs, libraries, packed archives, text. */
function makeDisk(path, gib) {
  const staging = join(folder, 'staging');
  mkdirSync(staging);
  let left = gib * 1024 * filledShare;
  for (const filler of fillers()) {
    const [mib] = execFileSync('du', ['-sxm', filler], { encoding: 'utf8' }).split('\t');
    if (Number(mib) > left) continue;
    execFileSync('cp', ['-al', '--parents', filler.slice(1), staging], { cwd: '/' });
    left -= Number(mib);
  }
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', staging, path, `${gib}G`]);
  rmSync(staging, { recursive: true });
  const usedMib = Math.round((statSync(path).blocks * 512) / 1024 ** 2);
  console.error(`a disk of ${gib} GiB, ${usedMib} MiB of it in use`);
}

function fillers() {
  const folders = ['/usr', '/opt', '/var/lib'].filter(path => existsSync(path));
  const inside = folders.flatMap(path =>
    execFileSync('find', [path, '-mindepth', '1', '-maxdepth', '2', '-type', 'd', '-xdev'], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n'),
  );
  const isOutermost = (path, _, all) => !all.some(other => other !== path && path.startsWith(`${other}/`));
  return [...inside.filter(isOutermost), join(clone, 'node_modules')];
}

function installRestic() {
  const bin = join(clone, '.cache/peers');
  const program = join(bin, 'restic');
  if (existsSync(program)) return program;
  if (!onPath('go')) return onPath('restic') ? 'restic' : undefined;
  execFileSync('go', ['install', resticModule], { stdio: 'inherit', env: { ...process.env, GOBIN: bin } });
  return program;
}

function onPath(program) {
  return process.env.PATH.split(':').some(path => existsSync(join(path, program)));
}

function print(measured) {
  const median = (list, key) => list.map(figure => figure[key]).sort((a, b) => a - b)[list.length >> 1];
  const rows = measured.map(({ name, goal, figures }) => {
    const walls = Object.fromEntries(
      Object.entries(figures).map(([peer, list]) => [peer, median(list, 'wallSeconds')]),
    );
    const ratio = figures.restic === undefined ? undefined : walls.ours / walls.restic;
    return { name, goal, ratio, walls, figures };
  });
  const header = {
    node: process.version,
    processors: `${cpus().length} (${cpus()[0].model.trim()})`,
    load: loadavg()[0],
  };
  if (values.json === true) {
    console.log(JSON.stringify({ ...header, sizeGib, runCount, rows }, undefined, 2));
    return;
  }
  console.log(
    `${sizeGib} GiB, ${runCount} runs, Node ${header.node}, processors ${header.processors}, load ${header.load.toFixed(1)}`,
  );
  if (peers.restic !== undefined)
    console.log(execFileSync(installRestic(), ['version'], { encoding: 'utf8' }).trim());
  console.log(
    'restic has no compression named fastest; its fastest that compresses is auto, beside which fast is held',
  );
  console.log('| job | ours | restic | borg | ours / restic | goal |\n| --- | --- | --- | --- | --- | --- |');
  for (const { name, goal, gib, ratio, walls, figures } of rows) {
    const cells = ['ours', 'restic', 'borg'].map(peer => {
      if (figures[peer] === undefined) return '–';
      const size = median(figures[peer], 'storedMb');
      const more = size === undefined ? '' : `, ${size} MB`;
      const p95Ms = median(figures[peer], 'p95Ms');
      const reads = p95Ms === undefined ? '' : `, 95th of a read ${p95Ms.toFixed(1)} ms`;
      const each = gib === undefined ? '' : `, ${(walls[peer] / gib).toFixed(2)} s each GiB`;
      return `${walls[peer].toFixed(2)} s, ${median(figures[peer], 'cpuSeconds').toFixed(1)} s CPU, ${median(figures[peer], 'peakMb')} MB peak${more}${reads}${each}`;
    });
    const asked = goal === undefined ? '–' : `≤ ${goal}`;
    console.log(`| ${name} | ${cells.join(' | ')} | ${ratio?.toFixed(3) ?? '–'} | ${asked} |`);
  }
}
