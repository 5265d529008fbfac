// How long people wait for a guest file: opening a volume, listing, reading, from a local repository with cold caches, and
// the same from a store that takes 20 ms per read; beside it what others need for the raw image.
//   npm run bench:guestfs [-- --runs 3 --json]
// Prints worst of the runs for docs/BENCHMARKS.md. XFS needs root to be made; without, it is left out and named, as what is
// not installed of 7-Zip, sleuthkit (fls), libguestfs (guestfish, with a kernel in /boot) and User Mode Linux (linux.uml).
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { MiB } from '../src/base/units.ts';
import { inGuestKernel } from '../test/support/guestKernel.ts';
import { bundled, bundlePrograms } from './bundle.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, json: { type: 'boolean' } },
});
const runCount = Number(values.runs);
const folder = mkdtempSync(join(process.env.QUIESCE_BENCH_FOLDER ?? tmpdir(), 'quiesce-guestfs-'));
const tree = join(folder, 'tree');
const entryCount = 10_000;
const imageBytes = 1024 ** 3;

const pointCount = 30;
const missing = new Set();

/** What is measured, with what may be at most, or at least. */
const figures = [
  { key: 'openMs', title: 'open the volume', unit: 'ms', atMost: 150 },
  { key: 'listMs', title: `list ${entryCount} entries`, unit: 'ms', atMost: 150 },
  { key: 'statMs', title: 'stat all of them', unit: 'ms', atMost: 500 },
  { key: 'fileP95Ms', title: 'a file of 10 KiB, 95th of 100', unit: 'ms', atMost: 60 },
  { key: 'largeMbPerSecond', title: '200 MB in one piece', unit: 'MB/s', atLeast: 200 },
  { key: 'versionsMs', title: 'versions of a file', unit: 'ms', atMost: 2000 },
  { key: 'peakMb', title: 'peak memory', unit: 'MB', atMost: 350 },
  { key: 'longestTurnMs', title: 'longest turn of the event loop', unit: 'ms', atMost: 50 },
  { key: 'unlockMs', title: 'derive the key: 1 GiB, 4 passes', unit: 'ms' },
  { key: 'unlockTurnMs', title: 'longest turn meanwhile', unit: 'ms', atMost: 50 },
  { key: 'decryptedMbPerSecond', title: '200 MB in one piece, decrypted', unit: 'MB/s', isRate: true },
  { key: 'decryptTurnMs', title: 'longest turn meanwhile', unit: 'ms', atMost: 50 },
];
const slowFigures = [
  { key: 'largeMbPerSecond', title: '200 MB, 20 ms per read', unit: 'MB/s', atLeast: 120 },
];

const makers = {
  ext4: image => run('mke2fs', '-q', '-F', '-t', 'ext4', '-d', tree, image),
  xfs: process.getuid?.() === 0 ? makeXfs : undefined,
  btrfs: image => run('mkfs.btrfs', '-q', '--rootdir', tree, image),
  ntfs: makeNtfs,
};
/** Whole programs. A figure of a list of them is its best. */
const peers = {
  'debugfs, list': { ext4: image => run('debugfs', '-R', 'ls -l /many', image) },
  'debugfs, 200 MB': { ext4: image => run('debugfs', '-R', `dump /large ${join(folder, 'out')}`, image) },
  '7-Zip, list': { ext4: sevenZip('l'), ntfs: sevenZip('l') },
  '7-Zip, 200 MB': { ext4: sevenZip('large'), ntfs: sevenZip('large') },
  'sleuthkit, list': { ext4: sleuthkit('list'), ntfs: sleuthkit('list') },
  'sleuthkit, 200 MB': { ext4: sleuthkit('large'), ntfs: sleuthkit('large') },
};

try {
  await bundlePrograms(folder, 'guestReads', 'rawDisk');
  makeTree();
  const results = {};
  for (const [name, make] of Object.entries(makers)) {
    if (make === undefined) console.error(`${name}: left out, making it needs root`);
    else results[name] = measure(name, make);
  }
  results['ext4, empty, 1 TiB'] = measureEmpty();
  results[`ext4, ${pointCount} restore points`] = measureVersions();
  if (isInstalled('cryptsetup') && isInstalled('linux.uml')) results['ext4 in LUKS2'] = measureEncrypted();
  print(results);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Ours and the others in turn, so that what disturbs one disturbs all. */
function measure(name, make) {
  const image = join(folder, `${name}.img`);
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  make(image);
  const repository = store(name, image);
  const runs = { ours: [], slow: [], peers: {} };
  for (let round = 0; round < runCount; round += 1) {
    runs.ours.push(ours(repository));
    runs.slow.push(ours(repository, '--delay-ms', '20'));
    for (const [peer, jobs] of Object.entries(peers)) {
      if (jobs[name] === undefined) continue;
      const startedMs = performance.now();
      if (jobs[name](image) !== false) (runs.peers[peer] ??= []).push(performance.now() - startedMs);
    }
    // It starts a machine: once is enough.
    if (round === 0 && isInstalled('guestfish')) Object.assign(runs.peers, libguestfs(image));
    console.error(`${name}: ${JSON.stringify(runs.ours.at(-1))}`);
  }
  rmSync(image);
  rmSync(repository, { recursive: true });
  return runs;
}

function measureEmpty() {
  const image = join(folder, 'empty.img');
  writeFileSync(image, '');
  truncateSync(image, 1024 ** 4);
  run('mke2fs', '-q', '-F', '-t', 'ext4', image);
  const repository = store('empty', image);
  const runs = { ours: [], slow: [], peers: {} };
  for (let round = 0; round < runCount; round += 1) runs.ours.push(ours(repository));
  return runs;
}

/** A file that changes in every third backup, in a file system in which something else changes in each. */
function measureVersions() {
  const image = join(folder, 'versions.img');
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  makers.ext4(image);
  const repository = store('versions', image);
  const changed = join(folder, 'changed');
  for (let point = 1; point < pointCount; point += 1) {
    writeFileSync(changed, `content ${point}\n`.repeat(1000));
    writeIntoExt4(image, changed, `other-${point}`);
    if (point % 3 === 0) writeIntoExt4(image, changed, 'watched');
    program('rawDisk', 'full', repository, image, '--holes');
  }
  const runs = { ours: [], slow: [], peers: {} };
  for (let round = 0; round < runCount; round += 1) runs.ours.push(ours(repository, '--versions', 'watched'));
  return runs;
}

/** As cryptsetup does it by default; the kernel that encrypts is one of its own, which needs no root. */
function measureEncrypted() {
  const [image, key, volumeKey] = ['luks.img', 'key', 'volume-key'].map(name => join(folder, name));
  const passphrase = 'of the benchmark';
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  writeFileSync(join(folder, 'plain.img'), '');
  truncateSync(join(folder, 'plain.img'), imageBytes - 16 * MiB);
  mkdirSync(join(folder, 'one'));
  copyFileSync(join(tree, 'large'), join(folder, 'one/large'));
  run('mke2fs', '-q', '-F', '-t', 'ext4', '-d', join(folder, 'one'), join(folder, 'plain.img'));
  writeFileSync(key, passphrase);
  writeFileSync(volumeKey, randomBytes(64));
  const derivation = '--pbkdf argon2id --pbkdf-memory 1048576 --pbkdf-parallel 4 --pbkdf-force-iterations 4';
  const keys = ['--key-file', key, '--volume-key-file', volumeKey, '--key-size', '512'];
  run('cryptsetup', 'luksFormat', '-q', '--type', 'luks2', ...keys, ...derivation.split(' '), image);
  inGuestKernel(
    folder,
    [image],
    `modprobe -a cbc xts ecb essiv dm-crypt
cryptsetup open --volume-key-file $FOLDER/volume-key --disable-keyring /dev/ubda opened
dd if=$FOLDER/plain.img of=/dev/mapper/opened bs=1M conv=sparse
sync
cryptsetup close opened`,
  );
  const repository = store('luks', image);
  const runs = { ours: [], slow: [], peers: {} };
  for (let round = 0; round < runCount; round += 1) {
    const { peakMb, ...figure } = ours(repository, { QUIESCE_BENCH_PASSPHRASE: passphrase });
    console.error(`ext4 in LUKS2: ${JSON.stringify({ ...figure, peakMb })}`);
    runs.ours.push(figure);
  }
  return runs;
}

function writeIntoExt4(image, file, path) {
  run('debugfs', '-w', '-R', `rm ${path}`, image);
  run('debugfs', '-w', '-R', `write ${file} ${path}`, image);
}

function store(name, image) {
  const repository = join(folder, `${name}.repository`);
  for (const rest of [
    ['init', repository],
    ['full', repository, image, '--holes'],
  ])
    program('rawDisk', ...rest);
  return repository;
}

/** @param rest  words for its command line, and variables of its environment */
function ours(repository, ...rest) {
  return JSON.parse(program('guestReads', repository, ...rest));
}

function program(name, ...rest) {
  const args = rest.filter(word => typeof word === 'string');
  const variables = rest.filter(word => typeof word !== 'string');
  const env = Object.assign({ ...process.env, QUIESCE_BENCH_PASSWORD: 'bench' }, ...variables);
  return execFileSync(process.execPath, [...bundled(folder, name), ...args], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Ten thousand files of 10 KiB, and one of 200 MB, of which a half can be packed. */
function makeTree() {
  mkdirSync(join(tree, 'many'), { recursive: true });
  const lines = Buffer.alloc(10_240);
  for (let index = 0; index < entryCount; index += 1) {
    for (let at = 0; at < lines.length; at += 32) lines.write(`file ${index} at ${at}`.padEnd(31) + '\n', at);
    writeFileSync(join(tree, 'many', `entry number ${String(index).padStart(5, '0')}.txt`), lines);
  }
  const random = execFileSync('head', ['-c', '100000000', '/dev/urandom'], { maxBuffer: 2 ** 28 });
  const text = Buffer.alloc(100_000_000, lines);
  writeFileSync(join(tree, 'large'), Buffer.concat([random, text]));
}

function makeXfs(image) {
  const mountPoint = join(folder, 'mnt');
  mkdirSync(mountPoint, { recursive: true });
  run('mkfs.xfs', '-q', image);
  run('mount', '-o', 'loop', image, mountPoint);
  try {
    run('cp', '-a', `${tree}/.`, mountPoint);
  } finally {
    run('umount', mountPoint);
  }
}

function makeNtfs(image) {
  const archive = join(folder, 'tree.wim');
  run('mkntfs', '-q', '-F', '-Q', image);
  run('wimlib-imagex', 'capture', tree, archive, '--compress=none', '--quiet');
  run('wimlib-imagex', 'apply', archive, '1', image, '--quiet');
  rmSync(archive);
}

function sevenZip(job) {
  return image => {
    const rest =
      job === 'l' ? ['l', image, 'many'] : ['x', '-y', `-o${join(folder, 'out7')}`, image, 'large'];
    return run('7z', ...rest);
  };
}

function sleuthkit(job) {
  return image => {
    const list = run('fls', '-F', image);
    if (list === false) return false;
    const number = name =>
      /^\S+ (\S+):\t/.exec(list.split('\n').find(line => line.endsWith(`\t${name}`)))?.[1];
    if (job === 'large') return run('icat', image, number('large'));
    const all = run('fls', '-D', image);
    return run(
      'fls',
      '-l',
      image,
      /^\S+ (\S+):\t/.exec(all.split('\n').find(line => line.endsWith('\tmany')))[1],
    );
  };
}

/**
 * Reads through a machine that it starts, which is told apart. Without virtualization of the processor, which not every machine
 * in a machine has, it is emulated; then it is said so.
 */
function libguestfs(image) {
  const script = [
    `add ${image} readonly:true format:raw`,
    'time run',
    'mount-ro /dev/sda /',
    'time ll /many',
    `time download /large ${join(folder, 'out')}`,
  ].join('\n');
  for (const [settings, how] of [
    ['', ''],
    ['force_tcg', ', emulated'],
  ]) {
    const env = { ...process.env, LIBGUESTFS_BACKEND: 'direct', LIBGUESTFS_BACKEND_SETTINGS: settings };
    const { status, stdout } = spawnSync('guestfish', [], {
      input: script,
      encoding: 'utf8',
      env,
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) continue;
    const [startMs, listMs, largeMs] = [...stdout.matchAll(/elapsed time: ([\d.]+) s/g)].map(
      ([, seconds]) => Number(seconds) * 1000,
    );
    return {
      [`libguestfs${how}, start`]: [startMs],
      [`libguestfs${how}, list`]: [listMs],
      [`libguestfs${how}, 200 MB`]: [largeMs],
    };
  }
  console.error('libguestfs: left out, its machine does not start here');
  return {};
}

/** Names what is missing, once. */
function isInstalled(tool) {
  if (spawnSync(tool, ['--version']).error === undefined) return true;
  if (!missing.has(tool)) console.error(`${tool}: not installed, what it does is left out`);
  missing.add(tool);
  return false;
}

/** What it printed; false if there is no such program. */
function run(tool, ...args) {
  const { error, status, stdout, stderr } = spawnSync(tool, args, { maxBuffer: 2 ** 30 });
  if (error?.code === 'ENOENT') {
    isInstalled(tool);
    return false;
  }
  if (error !== undefined || status !== 0)
    throw new Error(`${tool} ${args.join(' ')}: ${error ?? stderr.toString()}`);
  return stdout.toString('latin1');
}

function print(results) {
  const worst = (runs, { key, atLeast, isRate = atLeast !== undefined }) => {
    const list = runs.map(figure => figure[key]).filter(value => value !== undefined);
    return list.length === 0 ? undefined : isRate ? Math.min(...list) : Math.max(...list);
  };
  const isMet = (value, { atMost = Infinity, atLeast = 0 }) => value <= atMost && value >= atLeast;
  let missed = 0;
  const rows = Object.entries(results).flatMap(([name, { ours: own, slow, peers: others }]) => [
    ...[...figures.map(figure => [own, figure]), ...slowFigures.map(figure => [slow, figure])].flatMap(
      ([runs, figure]) => {
        const value = worst(runs, figure);
        if (value === undefined) return [];
        if (!isMet(value, figure)) missed += 1;
        return [{ name, ...figure, value, isMet: isMet(value, figure) }];
      },
    ),
    ...(name.includes('empty')
      ? [
          {
            name,
            title: 'reads of packs to open it',
            unit: '',
            atMost: 10,
            value: own[0].openReads,
            isMet: own[0].openReads <= 10,
          },
        ]
      : []),
    ...Object.entries(others).map(([peer, list]) => ({
      name,
      title: peer,
      unit: 'ms',
      value: Math.min(...list),
    })),
  ]);
  const header = {
    node: process.version,
    processors: `${cpus().length} (${cpus()[0].model.trim()})`,
    load: loadavg()[0],
  };
  if (values.json === true) console.log(JSON.stringify({ ...header, runCount, rows }, undefined, 2));
  else {
    console.log(
      `Worst of ${runCount} runs (others: best), Node ${header.node}, processors ${header.processors}, load ${header.load.toFixed(1)}`,
    );
    console.log('| file system | what | figure | goal |\n| --- | --- | --- | --- |');
    for (const { name, title, unit, value, atMost, atLeast, isMet: met } of rows) {
      const goal = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '–';
      const shown = `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`.trim();
      console.log(`| ${name} | ${title} | ${met === false ? `**${shown}**` : shown} | ${goal} |`);
    }
  }
  if (missed > 0) process.exitCode = 1;
}
