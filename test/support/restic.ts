import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The independent reader of our repositories. */
export class Restic {
  readonly #repository: string;
  readonly #passwordFile: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment  where the store's account is; a password in the repository's address stays out of argv too */
  constructor(repository: string, passwordFile: string, environment: Readonly<Record<string, string>> = {}) {
    this.#repository = repository;
    this.#passwordFile = passwordFile;
    this.#environment = environment;
  }

  async run(...args: readonly string[]): Promise<string> {
    return (await this.#run(args)).toString();
  }

  /** The bytes of a file in a snapshot. */
  async dump(snapshot: string, path: string): Promise<Buffer> {
    return await this.#run(['dump', snapshot, path]);
  }

  /** @throws with what restic says, if anything at all is wrong with the repository */
  async checkEverything(): Promise<void> {
    const said = await this.run('check', '--read-data');
    if (!said.includes('no errors were found')) throw new Error(`restic check: ${said}`);
  }

  /** SHA-256 of a disk put together as README-RESTORE.txt says, without our code. */
  async diskHash(pointId: string, deviceKey: number, target: string): Promise<string> {
    await this.run('restore', pointId, '--include', `/disks/${deviceKey}`, '--target', target);
    const folder = join(target, 'disks', String(deviceKey));
    const hash = createHash('sha256');
    for (const part of readdirSync(folder).sort()) {
      for await (const piece of createReadStream(join(folder, part, 'raw'))) hash.update(piece as Buffer);
    }
    // Whole disks, one for each comparison, have filled the machine's.
    rmSync(target, { recursive: true });
    return hash.digest('hex');
  }

  async #run(args: readonly string[]): Promise<Buffer> {
    const common = ['--password-file', this.#passwordFile, '--no-cache'];
    const { stdout } = await execute('restic', [...common, ...args], {
      env: { ...process.env, ...this.#environment, RESTIC_REPOSITORY: this.#repository },
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }
}

export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
