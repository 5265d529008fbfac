// The command line beside the editor: another program of the same person, with a configuration of its own.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { repositoryPassword } from './steps.mjs';

const program = join(import.meta.dirname, '../../dist/cli.mjs');

export class Cli {
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Knows the lab as `lab` and the editor's repository as `main`. */
  static async open(editor, lab, repositoryFolder) {
    const folder = join(editor.folder, 'cli');
    const [ofRepository, ofLab] = ['repository-password', 'lab-password'].map(name => join(folder, name));
    await mkdir(folder);
    await writeFile(ofRepository, `${repositoryPassword}\n`, { mode: 0o600 });
    await writeFile(ofLab, `${lab.password}\n`, { mode: 0o600 });
    const cli = new Cli(folder);
    const repository = ['repo', 'open', 'main', '--location', repositoryFolder];
    const server = ['vcenter', 'add', 'lab', '--url', lab.url, '--user', lab.user];
    await cli.ok(...repository, '--password-file', ofRepository);
    await cli.ok(...server, '--password-file', ofLab, '--fingerprint', lab.fingerprint);
    return cli;
  }

  /** @returns exit code and standard output */
  async run(...args) {
    return await this.start(...args).ended;
  }

  /** For a command that is to be disturbed. */
  start(...args) {
    const env = {
      ...process.env,
      QUIESCE_CONFIG: join(this.#folder, 'config.json'),
      QUIESCE_STATE: join(this.#folder, 'state'),
    };
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [said, complained] = [[], []];
    child.stdout.on('data', piece => said.push(piece));
    child.stderr.on('data', piece => complained.push(piece));
    const ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', code => {
        resolve({
          code,
          stdout: Buffer.concat(said).toString(),
          stderr: Buffer.concat(complained).toString(),
        });
      });
    });
    return { child, ended };
  }

  /** @throws with what it complains of if it fails */
  async ok(...args) {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`quiesce ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }
}
