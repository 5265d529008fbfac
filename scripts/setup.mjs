// Makes a fresh clone ready: npm packages as the lock file says and, with --test-tools, the programs that tests compare
// against. Runs on whatever Node the machine has (20 or newer); everything after it runs on the Node from the packages.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Program → Debian package. The tests name what they skip when one is missing; under CI=true that is a failure. */
const testTools = {
  restic: 'restic',
  'qemu-img': 'qemu-utils',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  xfs_io: 'xfsprogs',
  sfdisk: 'fdisk',
};

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(
    `Quiesce needs Node 20 or newer to set itself up; this is ${process.version}. Install a newer Node and try again.`,
  );
  process.exit(1);
}

installPackages();
if (process.argv.includes('--test-tools')) installTestTools();

function installPackages() {
  const stampFile = 'node_modules/.quiesce-setup';
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  console.log('Installing packages …');
  // One command line as a whole: npm is a batch file on Windows, which only a shell can start.
  execFileSync('npm ci --no-audit --no-fund', { stdio: 'inherit', shell: true });
  writeFileSync(stampFile, wanted);
}

function installTestTools() {
  const packages = [
    ...new Set(
      Object.entries(testTools)
        .filter(([tool]) => !onPath(tool))
        .map(([, name]) => name),
    ),
  ];
  if (packages.length === 0) return;
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    console.warn(`Not installed, tests that need them are skipped by name: ${packages.join(' ')}`);
    return;
  }
  console.log(`Installing ${packages.join(' ')} …`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env: environment });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment,
  });
}

function onPath(tool) {
  // Administration programs live in sbin, which is not on every user's PATH.
  const folders = [
    ...(process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':'),
    '/usr/sbin',
    '/sbin',
  ];
  return folders.some(folder => existsSync(`${folder}/${tool}`));
}
