// Programs of others that tests compare against and that no package of a distribution holds in the right version: govmomi's
// simulator of two generations, its command line govc, pyVmomi of two, an S3 server, restic's REST server, Prometheus' client and
// a plugin of nbdkit. Made once below .cache, and made anew after a change. `node scripts/foreignPrograms.mjs NAME` prints where the
// program is.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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

/** Plugins of nbdkit that older releases of Debian lack; those of newer ones fit into their nbdkit. */
const nbdkitPlugins = {
  vddk: { package: 'nbdkit-plugin-vddk', suite: 'trixie', component: 'contrib' },
};

export const foreignPrograms = [
  ...Object.keys(goPrograms),
  ...Object.keys(pythons),
  ...Object.keys(nbdkitPlugins),
];

/** What a machine needs for it. */
export function toolFor(name) {
  if (name in nbdkitPlugins) return 'apt-get';
  return name in pythons ? 'python3' : 'go';
}

/** @returns the path of the program */
export function makeForeignProgram(name) {
  if (name in nbdkitPlugins) return nbdkitPlugin(name, nbdkitPlugins[name]);
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

/** Taken from where this machine takes its own packages, without installing anything. */
function nbdkitPlugin(name, { package: debianPackage, suite, component }) {
  const folder = join(root, '.cache', 'nbdkit', name);
  const pluginFile = `nbdkit-${name}-plugin.so`;
  const found = () =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true }).find(path => path.endsWith(pluginFile))
      : undefined;
  if (found() === undefined) {
    const site = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
    const [repository = ''] = execFileSync('apt-get', site, { encoding: 'utf8' }).split('\n');
    if (repository === '')
      throw new Error(`${debianPackage} is taken from Debian, which this machine is not`);
    mkdirSync(join(folder, 'lists/partial'), { recursive: true });
    mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    writeFileSync(
      join(folder, 'sources.list'),
      `deb [signed-by=${keyring}] ${repository} ${suite} ${component}\n`,
    );
    const options = [
      `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
      'Dir::Etc::sourceparts=/dev/null',
      `Dir::State::lists=${join(folder, 'lists')}`,
      `Dir::Cache=${join(folder, 'cache')}`,
      'APT::Sandbox::User=root',
    ].flatMap(option => ['-o', option]);
    const quiet = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
    execFileSync('apt-get', [...options, '-qq', 'update'], quiet);
    execFileSync('apt-get', [...options, '-qq', 'download', debianPackage], quiet);
    const archive = readdirSync(folder).find(path => path.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', archive ?? '', '.'], quiet);
  }
  const plugin = found();
  if (plugin === undefined) throw new Error(`${debianPackage} holds no ${pluginFile}`);
  return join(folder, plugin);
}

if (process.argv[1] === import.meta.filename) console.log(makeForeignProgram(process.argv[2]));
