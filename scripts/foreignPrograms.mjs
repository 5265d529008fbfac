// Programs of others that tests compare against and that no package of a distribution holds in the right version: govmomi's
// simulator of two generations, its command line govc, pyVmomi of two, an S3 server, restic's REST server and Prometheus' client. Made once below
// .cache, and made anew after a change. `node scripts/foreignPrograms.mjs NAME` prints where the program is.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Name → folder of the source and the file that says which govmomi it is built with. */
const goPrograms = {
  vcsim: { source: 'test/vcsim', module: 'go.mod' },
  // Of 2021, the last one that Debian has: no CreateSnapshotEx_Task, no ExportSnapshot, no pages.
  'vcsim-0.24': { source: 'test/vcsim', module: 'go.0.24.mod' },
  govc: { source: 'test/govc', module: 'go.mod' },
  // Servers of repositories: an S3 gateway in front of a folder, and restic's own.
  versitygw: {
    source: 'test/versitygw',
    module: 'go.mod',
    package: 'github.com/versity/versitygw/cmd/versitygw',
  },
  'rest-server': {
    source: 'test/restServer',
    module: 'go.mod',
    package: 'github.com/restic/rest-server/cmd/rest-server',
  },
};

/** Name → package that a Python is given, and the module it has then. */
const pythons = {
  pyvmomi: { wanted: 'pyvmomi==9.1.1.0', module: 'pyVmomi' },
  // Of 2018, the one that Debian has: it refuses every type and field that came after vSphere 6.7.
  'pyvmomi-6.7': { wanted: 'pyvmomi==6.7.1.2018.12', module: 'pyVmomi' },
  // Reads metrics as Prometheus does; its own promtool comes with 200 MB of a server.
  'prometheus-client': { wanted: 'prometheus-client==0.23.1', module: 'prometheus_client' },
};

export const foreignPrograms = [...Object.keys(goPrograms), ...Object.keys(pythons)];

/** What a machine needs for it. */
export function toolFor(name) {
  return name in pythons ? 'python3' : 'go';
}

/** @returns the path of the program */
export function makeForeignProgram(name) {
  return name in pythons ? python(name, pythons[name]) : goProgram(name, goPrograms[name]);
}

function goProgram(name, { source, module, package: main = '.' }) {
  const folder = join(root, '.cache', 'go');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  const args = ['build', `-modfile=${module}`, '-o', program, main];
  const built = spawnSync('go', args, { cwd: join(root, source), encoding: 'utf8' });
  if (built.status !== 0 || !existsSync(program)) throw new Error(`${name} does not build: ${built.stderr}`);
  return program;
}

/** A Python with a package in an environment of its own. */
function python(name, { wanted, module }) {
  const environment = join(root, '.cache', name);
  const program = join(environment, 'bin', 'python3');
  const isReady = existsSync(program) && spawnSync(program, ['-c', `import ${module}`]).status === 0;
  if (isReady) return program;
  execFileSync('python3', ['-m', 'venv', environment]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', wanted];
  execFileSync(program, install);
  return program;
}

if (process.argv[1] === import.meta.filename) console.log(makeForeignProgram(process.argv[2]));
