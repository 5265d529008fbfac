// Makes a fresh clone ready: npm packages as the lock file says and, with --test-tools, the programs that tests compare
// against. Runs on whatever Node the machine has (20 or newer); everything after it runs on the Node from the packages.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { findChromium, findEditorHost, installEditorHost } from './editorHost.mjs';
import { foreignPrograms, makeForeignProgram, toolFor } from './foreignPrograms.mjs';

/** Program → Debian package. The tests name what they skip when one is missing; under CI=true that is a failure. */
const testTools = {
  restic: 'restic',
  'qemu-img': 'qemu-utils',
  'qemu-nbd': 'qemu-utils',
  nbdkit: 'nbdkit',
  nbdinfo: 'libnbd-bin',
  gcc: 'gcc libc6-dev',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  xfs_io: 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.vfat': 'dosfstools',
  'mkfs.exfat': 'exfatprogs',
  'mount.exfat-fuse': 'exfat-fuse',
  mcopy: 'mtools',
  'ntfs-3g': 'ntfs-3g',
  'wimlib-imagex': 'wimtools',
  '7z': 'p7zip-full',
  unzip: 'unzip',
  getfacl: 'acl',
  getfattr: 'attr',
  'samba-tool': 'samba-common-bin',
  python3: 'python3',
  pvcreate: 'lvm2',
  'linux.uml': 'user-mode-linux',
  modprobe: 'kmod',
  ldmtool: 'ldmtool',
  mdadm: 'mdadm',
  thin_check: 'thin-provisioning-tools',
  cryptsetup: 'cryptsetup-bin',
  openssl: 'openssl',
  sfdisk: 'fdisk',
  fuser: 'psmisc',
  zbarimg: 'zbar-tools',
};

/** What compiles the editor's two native modules, and the browser that shows it, with letters. */
const editorBuildTools = { 'g++': 'g++', make: 'make', python3: 'python3' };
const browserTools = { chromium: 'chromium fonts-dejavu-core' };

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(
    `Quiesce needs Node 20 or newer to set itself up; this is ${process.version}. Install a newer Node and try again.`,
  );
  process.exit(1);
}

installPackages();
if (process.argv.includes('--test-tools')) {
  installTools(testTools);
  makeForeignPrograms();
  installEditor();
}

function installPackages() {
  const stampFile = 'node_modules/.quiesce-setup';
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  console.log('Installing packages …');
  // One command line as a whole: npm is a batch file on Windows, which only a shell can start.
  execFileSync('npm ci --no-audit --no-fund', { stdio: 'inherit', shell: true });
  writeFileSync(stampFile, wanted);
}

/** Outside CI a machine without it skips the tests in the editor by name. */
function installEditor() {
  try {
    installTools({
      ...(findEditorHost() === undefined && editorBuildTools),
      ...(findChromium() === undefined && browserTools),
    });
    if (findEditorHost() === undefined) console.log('Installing the editor for tests, about 800 MB …');
    installEditorHost();
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.warn(`Not installed, tests in the editor are skipped by name: ${error.message}`);
  }
}

/** Outside CI a machine that cannot make them skips the tests with them by name. */
function makeForeignPrograms() {
  for (const name of foreignPrograms) {
    if (!onPath(toolFor(name))) {
      console.warn(
        `Not made, as ${toolFor(name)} is missing; tests that need it are skipped by name: ${name}`,
      );
      continue;
    }
    try {
      makeForeignProgram(name);
    } catch (error) {
      if (process.env.CI === 'true') throw error;
      console.warn(`Not made: ${error.message}`);
    }
  }
}

function installTools(tools) {
  const packages = [
    ...new Set(
      Object.entries(tools)
        .filter(([tool]) => !onPath(tool))
        .flatMap(([, names]) => names.split(' ')),
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
