// VS Code's server build on loopback, with a home, settings and extensions of its own.
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Nothing pops up by itself, nothing asks the network. */
const usualSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'window.dialogStyle': 'custom',
};

const startTimeoutMs = 60_000;

export class EditorServer {
  /** Below it lie home, temporary files, settings and extensions of this server. */
  folder;
  workspace;
  url;
  port;
  #host;
  #process;
  #output = '';

  constructor(host, folder) {
    this.#host = host;
    this.folder = folder;
    this.workspace = join(folder, 'workspace');
  }

  /**
   * @param host  what `findEditorHost` gives
   * @param {{ vsix?: string, extensionFolder?: string, settings?: object, environment?: object, testDriver?: boolean,
   *   password?: string, logLevel?: string }} options  an extension as a package or as a folder; a password for whoever opens
   *   the URL; how much the editor and its extensions log
   */
  static async start(host, { vsix, extensionFolder, settings = {}, ...launchOptions }) {
    // Short, for sockets lie below it.
    const server = new EditorServer(host, await mkdtemp(join(tmpdir(), 'quiesce-e-')));
    for (const path of ['user/User', 'extensions', 'home', 'workspace', 'tmp'])
      await mkdir(join(server.folder, path), { recursive: true, mode: 0o700 });
    await server.configure(settings);
    if (vsix !== undefined) await server.install(vsix);
    if (extensionFolder !== undefined) await server.#link(extensionFolder);
    await server.#launch(launchOptions);
    return server;
  }

  async configure(settings) {
    const path = join(this.folder, 'user/User/settings.json');
    await writeFile(path, JSON.stringify({ ...usualSettings, ...settings }, undefined, 2));
  }

  async install(vsix) {
    await promisify(execFile)(this.#host.nodePath, [...this.#usualArguments(), '--install-extension', vsix], {
      env: this.#environment(),
    });
  }

  /** Every log the editor has written, the newest last. */
  async logs() {
    const files = await readdir(join(this.folder, 'user/logs'), { recursive: true }).catch(() => []);
    return files
      .filter(file => file.endsWith('.log'))
      .sort()
      .map(file => join(this.folder, 'user/logs', file));
  }

  /** What the extension wrote into its output channel, of all windows. */
  async extensionLog() {
    const paths = (await this.logs()).filter(path => path.endsWith('Quiesce.log'));
    return (await Promise.all(paths.map(path => readFile(path, 'utf8')))).join('');
  }

  /** Of the extension, as the editor lists them. */
  async installedVersions() {
    const args = [...this.#usualArguments(), '--list-extensions', '--show-versions'];
    const { stdout } = await promisify(execFile)(this.#host.nodePath, args, { env: this.#environment() });
    return stdout
      .split('\n')
      .flatMap(line => (line.startsWith('quiesce.quiesce@') ? [line.split('@')[1]] : []));
  }

  /** Whether a file holds a text. */
  async holds(path, text) {
    return (await readFile(path, 'utf8')).includes(text);
  }

  output() {
    return this.#output;
  }

  /** Processes of this server whose command line holds a text: all are below its folder, or carry it. */
  async processes(text) {
    const found = [];
    for (const id of await readdir('/proc')) {
      if (!/^\d+$/.test(id)) continue;
      const commandLine = (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).replaceAll(
        '\0',
        ' ',
      );
      if (!commandLine.includes(text)) continue;
      const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
      if (commandLine.includes(this.folder) || environment.includes(`TMPDIR=${join(this.folder, 'tmp')}`))
        found.push(Number(id));
    }
    return found;
  }

  /** Background workers: detached from the server on purpose. */
  async workers() {
    return await this.processes('worker.mjs --rendezvous');
  }

  async extensionHosts() {
    return await this.processes('--type=extensionHost');
  }

  async close() {
    const exited = new Promise(resolve => this.#process.once('exit', resolve));
    // The server's own group: the extension host would outlive it, and a lab the extension host.
    this.#signal('SIGTERM');
    await Promise.race([exited, new Promise(resolve => setTimeout(resolve, 3000))]);
    this.#signal('SIGKILL');
    for (const id of await this.workers()) process.kill(id, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #link(extensionFolder) {
    const manifest = await readFile(join(extensionFolder, 'package.json'), 'utf8');
    const { publisher, name, version } = JSON.parse(manifest);
    await symlink(extensionFolder, join(this.folder, 'extensions', `${publisher}.${name}-${version}`));
  }

  async #launch({ environment = {}, testDriver = false, password, logLevel = 'info' }) {
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    this.#process = spawn(
      this.#host.nodePath,
      [
        ...this.#usualArguments(),
        ...['--bind-addr', `127.0.0.1:${this.port}`, '--log', logLevel],
        ...['--auth', password === undefined ? 'none' : 'password'],
        '--disable-telemetry',
        '--disable-update-check',
        '--disable-workspace-trust',
        '--disable-getting-started-override',
        '--ignore-last-opened',
        // Without it the workbench takes no tests and no extension under development.
        ...(testDriver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      ],
      {
        env: this.#environment({ ...environment, PASSWORD: password }),
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on('data', text => (this.#output += text));
    await this.#answering();
  }

  #usualArguments() {
    return [
      this.#host.entryPath,
      ...['--config', join(this.folder, 'config.yaml')],
      ...['--user-data-dir', join(this.folder, 'user')],
      ...['--extensions-dir', join(this.folder, 'extensions')],
    ];
  }

  /** Nothing of ours: worker, lab and journal of this server are nobody else's. */
  #environment(more = {}) {
    return {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: join(this.folder, 'home'),
      TMPDIR: join(this.folder, 'tmp'),
      ...more,
    };
  }

  async #answering() {
    const giveUpAtMs = performance.now() + startTimeoutMs;
    while (performance.now() < giveUpAtMs && this.#process.exitCode === null) {
      const isReady = await fetch(`${this.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    throw new Error(`the editor does not answer: ${this.#output}`);
  }

  #signal(name) {
    try {
      process.kill(-this.#process.pid, name);
    } catch {
      // It has ended.
    }
  }
}

async function freePort() {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
