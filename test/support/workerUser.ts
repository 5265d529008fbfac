import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { expect, inject } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectWorker, type ConnectOptions } from '../../src/client/node/connectWorker.ts';
import { listedVms } from '../../src/client/listedVms.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { type JobDto, jobChanged, listJobs } from '../../src/protocol/job.ts';
import { createRepository, openRepository, type RepositoryParams } from '../../src/protocol/repository.ts';
import { openVCenter } from '../../src/protocol/vcenter.ts';
import type { VmRef } from '../../src/protocol/vm.ts';
import { anySignal } from './anySignal.ts';
import { filesBelow } from './faultBench.ts';
import type { RunningLab } from './runningLab.ts';

const repositoryPassword = 'correct horse battery staple';

/**
 * A user with an editor or several: one rendezvous, storage, journal and repository. Clients connect to the bundled
 * worker, which is started for the first one. Disposing ends whatever worker is left.
 */
export class WorkerUser implements AsyncDisposable {
  readonly folder: string;
  readonly rendezvousFolder: string;
  readonly storageFolder: string;
  readonly repositoryFolder: string;
  readonly #open: Disposable[] = [];

  /** @param folder  short, for the socket lies below it; removed by the caller */
  constructor(folder: string, rendezvousFolder = join(folder, 'meet')) {
    this.folder = folder;
    this.rendezvousFolder = rendezvousFolder;
    this.storageFolder = join(folder, 'storage');
    this.repositoryFolder = join(folder, 'repository');
    mkdirSync(this.storageFolder);
    writeFileSync(this.repositoryPasswordFile, `${repositoryPassword}\n`, { mode: 0o600 });
  }

  /** For other programs; the worker is told the password by its clients. */
  get repositoryPasswordFile(): string {
    return join(this.folder, 'repository-password');
  }

  /** As an editor's window does. */
  async connect(options: Partial<ConnectOptions> = {}): Promise<WorkerClient> {
    // The worker inherits the environment, as it does from an editor.
    process.env['QUIESCE_STATE'] = join(this.folder, 'state');
    const client = await connectWorker(
      {
        bundleFolder: inject('bundles'),
        storageFolder: this.storageFolder,
        rendezvousFolder: this.rendezvousFolder,
        nodePath: process.execPath,
        productVersion: '0.1.0',
        ...options,
      },
      { clock: systemClock, random: systemRandom },
      anySignal,
    );
    this.#open.push(client);
    return client;
  }

  /** A bare connection, which has not shaken hands. */
  async bareConnection(): Promise<MessageConnection> {
    const socket = connect(join(this.rendezvousFolder, this.publishedSocket()));
    await once(socket, 'connect');
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    connection.onClose(() => connection.dispose());
    connection.listen();
    this.#open.push({ [Symbol.dispose]: () => socket.destroy() });
    return connection;
  }

  /**
   * Connects the lab as `lab` and the repository as `main`, which is created by the first who does.
   * @param storing  how it is written to
   */
  async openPlaces(
    client: WorkerClient,
    lab: RunningLab,
    storing: Pick<RepositoryParams, 'packMiB' | 'compression' | 'uploadBytesPerSecond'> = {},
  ): Promise<void> {
    const { url, user, fingerprint, passwordFile } = lab.ready;
    const password = firstLineOf(passwordFile);
    await client.request(openVCenter, { name: 'lab', url, user, fingerprint, password }, anySignal);
    const repository = {
      ...{ name: 'main', location: this.repositoryFolder, password: repositoryPassword },
      ...storing,
    };
    const isNew = !existsSync(this.repositoryFolder);
    if (isNew) await client.request(createRepository, { ...repository, withoutKit: true }, anySignal);
    else await client.request(openRepository, repository, anySignal);
  }

  async kill(client: WorkerClient): Promise<void> {
    process.kill(client.worker.processId, 'SIGKILL');
    await client.closed;
  }

  /** Sockets on which a worker listens or has listened. */
  sockets(): string[] {
    return readdirSync(this.rendezvousFolder).filter(name => name.endsWith('.sock'));
  }

  /** Numbers of the links to them. */
  links(): number[] {
    return readdirSync(this.rendezvousFolder).flatMap(name =>
      name.startsWith('worker.') ? [Number(name.slice('worker.'.length))] : [],
    );
  }

  publishedSocket(): string {
    const newest = Math.max(...this.links());
    return readlinkSync(join(this.rendezvousFolder, `worker.${newest}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open) open[Symbol.dispose]();
    // Also late ones, which were started beside others and have just found nobody there.
    for (let left = this.workers(); left.length > 0; left = this.workers()) {
      for (const { processId } of left) tryToEnd(processId);
      await systemClock.sleep(20, anySignal);
    }
  }

  /** Neither snapshots nor leases on the server, locks of the repository or records of any of them. */
  async expectNothingLeft(lab: RunningLab): Promise<void> {
    expect({
      snapshots: (await lab.vms()).flatMap(vm => vm.snapshots),
      leases: await lab.openLeases(),
      locks: filesBelow(join(this.repositoryFolder, 'locks')),
      journal: this.journalRecords(),
    }).toEqual({ snapshots: [], leases: [], locks: [], journal: [] });
  }

  /** Records of leases that nobody has settled. */
  journalRecords(): string[] {
    return filesBelow(join(this.folder, 'state')).filter(path =>
      /owners\/[^/]+\/(?!owner\.json)[^/]+\.json$/.test(path),
    );
  }

  /** What must show up nowhere but in `secretFiles`. */
  secrets(lab: RunningLab): string[] {
    const handshake = readFileSync(join(this.rendezvousFolder, 'secret'), 'utf8');
    return [repositoryPassword, firstLineOf(lab.ready.passwordFile), handshake];
  }

  secretFiles(): string[] {
    return [this.repositoryPasswordFile, join(this.rendezvousFolder, 'secret')];
  }

  /** Every worker that runs for this user, with its arguments. */
  workers(): { readonly processId: number; readonly commandLine: string }[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => ({ processId: Number(name), commandLine: commandLineOf(Number(name)) }))
      .filter(({ commandLine }) => commandLine.includes(`--rendezvous ${this.rendezvousFolder} `));
  }
}

function firstLineOf(path: string): string {
  return readFileSync(path, 'utf8').split('\n', 1)[0]!;
}

function commandLineOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function tryToEnd(processId: number): void {
  try {
    process.kill(processId, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}

/** Whether the process runs; a process that ended and was not waited for counts as gone. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** What a client is told of one job, until its state is final. */
export class WatchedJob {
  readonly id: string;
  readonly changes: JobDto[] = [];
  /** The final state. */
  readonly ended: Promise<JobDto>;
  readonly #waiting: { readonly matches: (job: JobDto) => boolean; readonly resolve: () => void }[] = [];

  constructor(client: WorkerClient, id: string) {
    this.id = id;
    let end: (job: JobDto) => void;
    this.ended = new Promise(resolve => {
      end = resolve;
    });
    const changed = (job: JobDto) => {
      if (job.id !== id) return;
      this.changes.push(job);
      for (const waiting of this.#waiting) if (waiting.matches(job)) waiting.resolve();
      if (job.finishedAt !== undefined) end(job);
    };
    client.on(jobChanged, changed);
    // It may have ended before anybody listened.
    void client.request(listJobs, {}, anySignal).then(
      ({ jobs }) => {
        const job = jobs.find(candidate => candidate.id === id);
        if (job !== undefined) changed(job);
      },
      () => undefined,
    );
  }

  /** Resolves when the job has told something that matches. */
  async until(matches: (job: JobDto) => boolean): Promise<void> {
    if (this.changes.some(matches)) return;
    await Promise.race([
      new Promise<void>(resolve => this.#waiting.push({ matches, resolve })),
      this.ended.then(job => {
        if (!matches(job)) throw new Error(`the job ended: ${JSON.stringify(job)}`);
      }),
    ]);
  }
}

export async function vmNamed(client: WorkerClient, name: string): Promise<VmRef> {
  const vms = await listedVms(client, 'lab', anySignal);
  const vm = vms.find(candidate => candidate.name === name);
  if (vm === undefined) throw new Error(`there is no VM ${name}`);
  return { vcenter: 'lab', id: vm.id, name };
}
