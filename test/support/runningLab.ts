import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';

export interface LabDisk {
  readonly deviceKey: number;
  readonly sizeBytes: number;
  readonly position: number;
}

export interface LabVmState {
  readonly name: string;
  readonly id: string;
  readonly powerState: string;
  readonly disks: readonly LabDisk[];
  readonly snapshots: readonly string[];
}

export interface LabSnapshot {
  readonly vm: string;
  readonly snapshotId: string;
  readonly quiesced: boolean;
  readonly description: string;
  readonly createTime: string;
  readonly removeTime?: string;
  readonly disks: readonly { readonly deviceKey: number; readonly position: number }[];
}

export interface LabGuestFile {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: string;
  readonly sizeBytes?: number;
}

export interface LabLease {
  readonly id: string;
  readonly vm: string;
  readonly host: string;
  readonly beganAt: string;
  /** Missing while it is open. */
  readonly endedAt?: string;
  readonly state: string;
}

interface Ready {
  readonly url: string;
  readonly fingerprint: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly accounts: readonly { readonly user: string; readonly passwordFile: string }[];
  readonly guestAccounts: readonly { readonly user: string; readonly passwordFile: string }[];
  readonly controlUrl: string;
  readonly controlToken: string;
}

/** Far longer than it takes to close sockets and remove files. */
const endTimeoutMs = 10_000;

/** The bundled lab as a process of its own, with its control API. Disposing ends it. */
export class RunningLab implements AsyncDisposable {
  readonly ready: Ready;
  readonly #process: ChildProcess;

  private constructor(ready: Ready, child: ChildProcess) {
    this.ready = ready;
    this.#process = child;
  }

  static async start(options: readonly string[] = ['--profile', 'small']): Promise<RunningLab> {
    const child = spawn(
      process.execPath,
      [join(inject('bundles'), 'lab.mjs'), '--exit-with-parent', ...options],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      return new RunningLab(JSON.parse(line) as Ready, child);
    }
    throw new Error('the lab ended before it was ready');
  }

  async vms(): Promise<readonly LabVmState[]> {
    return (await this.control('GET', 'vms')) as readonly LabVmState[];
  }

  /** Every snapshot ever taken, oldest first. */
  async snapshots(): Promise<readonly LabSnapshot[]> {
    return (await this.control('GET', 'snapshots')) as readonly LabSnapshot[];
  }

  /** Every lease there ever was. */
  async leases(): Promise<readonly LabLease[]> {
    return (await this.control('GET', 'leases')) as readonly LabLease[];
  }

  async openLeases(): Promise<readonly LabLease[]> {
    const leases = await this.leases();
    return leases.filter(({ state }) => state !== 'done' && state !== 'error');
  }

  /** SHA-256 of a disk as it was at a position; as it is now without one. */
  async diskHash(vm: string, deviceKey: number, position?: number): Promise<string> {
    const query = position === undefined ? '' : `?position=${position}`;
    const answer = (await this.control('GET', `disks/${vm}/${deviceKey}/sha256${query}`)) as {
      sha256: string;
    };
    return answer.sha256;
  }

  /** What the guest is made to write into its activity file. */
  async burst(vm: string, deviceKey: number, write: { bytes: number; offset?: number; scattered?: boolean }) {
    await this.control('POST', `disks/${vm}/${deviceKey}/burst`, write);
  }

  async setActivity(enabled: boolean): Promise<void> {
    await this.control('POST', 'activity', { enabled });
  }

  async setFaults(faults: Readonly<Record<string, unknown>>): Promise<void> {
    await this.control('POST', 'faults', faults);
  }

  async clearFaults(): Promise<void> {
    await this.control('DELETE', 'faults');
  }

  /** What a guest has at a path; undefined if nothing. */
  async guestFile(vm: string, path: string): Promise<LabGuestFile | undefined> {
    try {
      return (await this.control(
        'GET',
        `guests/${vm}/file?path=${encodeURIComponent(path)}`,
      )) as LabGuestFile;
    } catch (error) {
      if (String(error).includes(': 404 ')) return undefined;
      throw error;
    }
  }

  async guestBytes(vm: string, path: string): Promise<Buffer> {
    return await this.#request('GET', `guests/${vm}/bytes?path=${encodeURIComponent(path)}`);
  }

  async guestFolder(vm: string, path: string): Promise<readonly string[]> {
    const entries = await this.control('GET', `guests/${vm}/folder?path=${encodeURIComponent(path)}`);
    return (entries as { readonly name: string }[]).map(({ name }) => name);
  }

  /** As if a program in the guest had written the file or, without content, changed its attributes. */
  async writeGuestFile(vm: string, path: string, content?: string, attributes: object = {}): Promise<void> {
    const base64 = content === undefined ? undefined : Buffer.from(content).toString('base64');
    await this.control('POST', `guests/${vm}/file?path=${encodeURIComponent(path)}`, {
      base64,
      ...attributes,
    });
  }

  async setVm(vm: string, state: Readonly<Record<string, unknown>>): Promise<void> {
    await this.control('POST', `vms/${vm}`, state);
  }

  /** Sessions are gone, and nobody answers for so long. */
  async restart(downMs: number): Promise<void> {
    await this.control('POST', 'restart', { downMs });
  }

  async deleteVm(vm: string): Promise<void> {
    await this.control('DELETE', `vms/${vm}`);
  }

  async expireSessions(): Promise<void> {
    await this.control('POST', 'sessions/expire');
  }

  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = (await this.#request(method, path, body)).toString();
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  async #request(method: string, path: string, body?: unknown): Promise<Buffer> {
    return await new Promise((resolve, reject) => {
      const request = https.request(
        `${this.ready.controlUrl}/${path}`,
        {
          method,
          headers: { Authorization: `Bearer ${this.ready.controlToken}` },
          // The lab made its certificate a moment ago and told us its fingerprint itself.
          rejectUnauthorized: false,
          agent: false,
        },
        response => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', reject);
          response.on('end', () => {
            const answer = Buffer.concat(pieces);
            if (response.statusCode === 200) resolve(answer);
            else
              reject(new Error(`lab control ${method} ${path}: ${response.statusCode} ${answer.toString()}`));
          });
        },
      );
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** As when the machine below it fails: nothing is given back, and nobody answers. */
  async kill(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), endTimeoutMs);
    const [, signal] = (await exited) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    if (signal === 'SIGKILL') throw new Error(`the lab did not end within ${endTimeoutMs} ms of SIGTERM`);
  }
}
