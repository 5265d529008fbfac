// Our repository beside restic and borg: the same raw disk of real files, in turn, in one run.
//   npm run bench:repository [-- --gib 8 --runs 3 --json]
//   npm run bench:repository -- --jobs index [--blobs 20000000]
// Prints medians and ratios for docs/BENCHMARKS.md. restic is built from its Go module, borg is the machine's own.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { measureIndex } from './blobIndex.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '8' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean' },
    jobs: { type: 'string', default: 'disk' },
    blobs: { type: 'string', default: '20000000' },
  },
});
const runCount = Number(values.runs);
const sizeGib = Number(values.gib);
/** Of the disk; the rest stays free, as on a disk in use. */
const filledShare = 0.76;
const resticModule = 'github.com/restic/restic/cmd/restic@v0.18.1';
const clone = join(import.meta.dirname, '..');
const password = 'bench';
const folder = mkdtempSync(join(process.env.QUIESCE_BENCH_FOLDER ?? tmpdir(), 'quiesce-repository-'));
const image = join(folder, 'source', 'disk.raw');
const peers = { ours: ours(), restic: restic(), borg: borg() };

/** The goals of each job: our wall time, as a share of restic's. */
const jobs = [
  { name: 'first full, auto', goal: 0.65, run: { ours: 'fullAuto', restic: 'fullAuto', borg: 'fullAuto' } },
  { name: 'same disk again', goal: 0.35, run: { ours: 'again', restic: 'again', borg: 'again' } },
  { name: 'restore', goal: 0.5, run: { ours: 'restore', restic: 'restore', borg: 'restore' } },
  { name: 'check all data', goal: 0.7, run: { ours: 'check', restic: 'check', borg: 'check' } },
  { name: 'first full, fast', goal: 0.55, run: { ours: 'fullFast', restic: 'fullFast' } },
];

try {
  if (values.jobs === 'index') await measureIndex(folder, runCount, Number(values.blobs));
  else await measureDisk();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureDisk() {
  makeDisk();
  const measured = [];
  for (const job of jobs) measured.push(await measure(job));
  print(measured);
}

/** Each program once per round, so that what disturbs one disturbs the others. */
async function measure({ name, goal, run }) {
  const figures = {};
  for (let round = 0; round < runCount; round += 1) {
    for (const [peer, job] of Object.entries(run)) {
      if (peers[peer] === undefined) continue;
      const figure = await peers[peer][job]();
      (figures[peer] ??= []).push(figure);
      console.error(
        `${name}, ${peer}: ${figure.wallSeconds.toFixed(1)} s, ${figure.cpuSeconds.toFixed(1)} s of the processors, ` +
          `${figure.peakMb} MB, stored ${figure.storedMb ?? '–'} MB`,
      );
    }
  }
  return { name, goal, figures };
}

function ours() {
  const program = join(clone, 'bench/programs/rawDisk.mjs');
  const job = async (name, repository, ...rest) =>
    await timed(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, name, repository, ...rest],
      {
        QUIESCE_BENCH_PASSWORD: password,
      },
    );
  const repository = join(folder, 'ours');
  const full = async compression => {
    rmSync(repository, { recursive: true, force: true });
    await job('init', repository);
    return withStored(await job('backup', repository, image, '--compression', compression), repository);
  };
  return {
    fullAuto: async () => await full('auto'),
    fullFast: async () => await full('fast'),
    again: async () => await job('backup', repository, image),
    restore: async () => await restored(async target => await job('restore', repository, target)),
    check: async () => await job('check', repository),
  };
}

function restic() {
  const program = installRestic();
  if (program === undefined) return undefined;
  const repository = join(folder, 'restic');
  const job = async (...rest) =>
    await timed(program, ['--repo', repository, '--no-cache', '--quiet', ...rest], {
      RESTIC_PASSWORD: password,
    });
  const full = async compression => {
    rmSync(repository, { recursive: true, force: true });
    await job('init');
    return withStored(await job('backup', '--compression', compression, image), repository);
  };
  return {
    fullAuto: async () => await full('auto'),
    // Its own fastest that compresses.
    fullFast: async () => await full('auto'),
    again: async () => await job('backup', '--force', image),
    restore: async () =>
      await restored(
        async target => await job('restore', 'latest', '--sparse', '--target', `${target}.folder`),
      ),
    check: async () => await job('check', '--read-data'),
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
      await restored(async target => {
        mkdirSync(`${target}.folder`);
        return await job(['extract', '--sparse', `${repository}::${number}`], { cwd: `${target}.folder` });
      }),
    check: async () => await job(['check', '--verify-data', repository]),
  };
}

/** Runs a program to its end. Memory and processor time are those of the process with all its threads. */
async function timed(program, args, environment, options = {}) {
  const startedMs = performance.now();
  const child = spawn(program, args, {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
    ...options,
  });
  let said = '';
  child.stderr.on('data', text => (said += text));
  const usage = { cpuSeconds: 0, peakMb: 0 };
  const timer = setInterval(() => Object.assign(usage, usageOf(child.pid) ?? {}), 50);
  const code = await new Promise(resolve => child.once('close', resolve)).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said}`);
  return { wallSeconds: (performance.now() - startedMs) / 1000, ...usage };
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
async function restored(run) {
  const target = join(folder, 'restored.raw');
  const figure = await run(target);
  const file = existsSync(target) ? target : join(`${target}.folder`, image.slice(1));
  execFileSync('cmp', [image, file]);
  rmSync(target, { force: true });
  rmSync(`${target}.folder`, { recursive: true, force: true });
  return figure;
}

function withStored(figure, repository) {
  const [kilobytes] = execFileSync('du', ['-sk', '--apparent-size', repository], { encoding: 'utf8' }).split(
    '\t',
  );
  return { ...figure, storedMb: Math.round((Number(kilobytes) * 1.024) / 1) / 1000 };
}

/** ext4 with files of this machine: programs, libraries, packed archives, text. */
function makeDisk() {
  const staging = join(folder, 'staging');
  mkdirSync(staging);
  mkdirSync(join(folder, 'source'));
  let left = sizeGib * 1024 * filledShare;
  for (const path of fillers()) {
    const [mib] = execFileSync('du', ['-sxm', path], { encoding: 'utf8' }).split('\t');
    if (Number(mib) > left) continue;
    execFileSync('cp', ['-al', '--parents', path.slice(1), staging], { cwd: '/' });
    left -= Number(mib);
  }
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', staging, image, `${sizeGib}G`]);
  rmSync(staging, { recursive: true });
  const usedMib = Math.round((statSync(image).blocks * 512) / 1024 ** 2);
  console.error(`a disk of ${sizeGib} GiB, ${usedMib} MiB of it in use`);
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
  console.log('| job | ours | restic | borg | ours / restic | goal |\n| --- | --- | --- | --- | --- | --- |');
  for (const { name, goal, ratio, walls, figures } of rows) {
    const cells = ['ours', 'restic', 'borg'].map(peer => {
      if (figures[peer] === undefined) return '–';
      const stored = median(figures[peer], 'storedMb');
      const size = stored === undefined ? '' : `, ${stored} MB`;
      return `${walls[peer].toFixed(1)} s, ${median(figures[peer], 'cpuSeconds').toFixed(0)} s CPU, ${median(figures[peer], 'peakMb')} MB peak${size}`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} | ${ratio?.toFixed(2) ?? '–'} | ≤ ${goal} |`);
  }
}
