import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MiB } from '../../src/base/units.ts';
import { listJobs, startBackup, startGuard } from '../../src/protocol/job.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { nbdkitOfLab, programsOfLab } from '../support/nbdDisks.ts';
import { packBytesOf } from '../support/packBytes.ts';
import { crashOnly } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

/** 400 in all under `npm run proof`, a slice otherwise. */
const killsOfEach = process.env['QUIESCE_PROOF'] === 'full' ? 100 : 3;
const seed = Number(process.env['QUIESCE_SEED'] ?? 20261127);
const test = toolTest('restic', 'nbdkit');
const timeoutMs = 120_000 * killsOfEach;

/** Random bytes, new ones for each kill: what one backup has to store, and a resumed one must not store again. */
const freshBytes = 12 * MiB;
const mostAgain = 0.05;

/** What vCenter gives a lease without a word. */
const usualLeaseSeconds = 300;
/** Of a backup that is about to be killed: a lease that nobody knows the id of, and so nobody can abort, is over before long. */
const shortLeaseSeconds = 30;

/** What is killed in the midst of a backup, and how its user goes on. */
interface Victim {
  readonly repositoryFolder: string;
  readonly repositoryPasswordFile: string;
  /** Starts a backup. */
  start(): Promise<Disturbed>;
  /** What a person does after a crash: starts the program again, which gives back what was left. */
  startAgain(): Promise<void>;
  /** A backup that nobody disturbs. @throws if it fails */
  backUp(): Promise<void>;
}

interface Disturbed {
  /** Whether there was anything to kill. */
  readonly kill: () => Promise<boolean>;
  /** Resolves when the backup is over, one way or the other. */
  readonly ended: Promise<unknown>;
}

describe(`a backup of which ${killsOfEach} times each the command line, an NBD program, the worker and the server were killed, seed ${seed}`, () => {
  const folder = suiteFolder('ka');
  const random = seededRandom(seed);
  const passwordFile = join(folder, 'lab-password');
  const labOptions = [
    ...['--profile', 'small', '--no-activity', '--state', join(folder, 'lab')],
    ...['--password-file', passwordFile, '--certificate', join(folder, 'certificate.pem')],
  ];
  let lab: RunningLab;
  let written = 0;

  beforeAll(async () => {
    writeFileSync(passwordFile, 'the one of the server\n', { mode: 0o600 });
    lab = await startLab('127.0.0.1:0');
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  /** Always with the same certificate and password: a server that was killed comes back as the one its clients know. */
  async function startLab(listen: string): Promise<RunningLab> {
    const started = await RunningLab.start([...labOptions, '--listen', listen]);
    // Steps of tasks take long enough for kills to fall between them.
    await started.setFaults({ taskStepMs: 40, leaseTimeoutSeconds: usualLeaseSeconds });
    return started;
  }

  /** With the lease of a real server: however little this machine has left for it, it is kept alive. */
  async function backUpUndisturbed(victim: Victim): Promise<void> {
    await lab.setFaults({ leaseTimeoutSeconds: usualLeaseSeconds });
    await victim.backUp();
  }

  async function writeFresh(): Promise<void> {
    await lab.control('POST', 'disks/db01/2001/bytes', {
      offset: 16 * MiB,
      length: freshBytes,
      seed: written,
    });
  }

  function randomFraction(): number {
    const [high = 0, low = 0] = random.bytes(2);
    return (high * 256 + low) / 65_536;
  }

  /** Kills at random moments of a backup, and holds after each what was promised; gives the shares stored again. */
  async function killAtRandomMoments(victim: Victim): Promise<void> {
    const restic = new Restic(victim.repositoryFolder, victim.repositoryPasswordFile);
    let neededBytes = 0;
    let longestMs = 0;
    // The first backup of a VM stores its other disk, too.
    for (let undisturbed = 0; undisturbed < 2; undisturbed += 1) {
      written += 1;
      await writeFresh();
      const [beforeBytes, startedMs] = [packBytesOf(victim), performance.now()];
      await backUpUndisturbed(victim);
      longestMs = performance.now() - startedMs;
      neededBytes = packBytesOf(victim) - beforeBytes;
    }
    const again: number[] = [];
    let rounds = 0;
    for (; again.length < killsOfEach; rounds += 1) {
      written += 1;
      await writeFresh();
      const beforeBytes = packBytesOf(victim);
      const momentMs = randomFraction() * longestMs;
      const startedMs = performance.now();
      await lab.setFaults({ leaseTimeoutSeconds: shortLeaseSeconds });
      const { kill, ended } = await victim.start();
      const stop = new AbortController();
      const first = await Promise.race([
        ended.then(() => 'ended' as const),
        systemClock.sleep(momentMs, stop.signal).then(
          () => 'moment' as const,
          () => 'ended' as const,
        ),
      ]);
      stop.abort();
      if (first === 'ended') {
        // How fast it is depends on what else the machine does.
        longestMs = Math.min(longestMs, performance.now() - startedMs);
        continue;
      }
      const isKilled = await kill();
      await ended;
      await victim.startAgain();
      expect({ kill: again.length, momentMs, ...(await leftOf(victim)) }).toEqual({
        ...{ kill: again.length, momentMs },
        ...{ snapshots: [], leases: [], locks: [] },
      });
      await restic.run('check');
      await backUpUndisturbed(victim);
      if (!isKilled) continue;
      const share = (packBytesOf(victim) - beforeBytes - neededBytes) / neededBytes;
      again.push(share);
      expect(share).toBeLessThanOrEqual(mostAgain);
    }
    await restic.checkEverything();
    const most = (100 * Math.max(...again)).toFixed(1);
    console.log(
      `${killsOfEach} kills in ${rounds} rounds; at most ${most} % of ${neededBytes} bytes stored again`,
    );
  }

  async function leftOf({ repositoryFolder }: Victim) {
    return {
      snapshots: (await lab.vms()).flatMap(vm => vm.snapshots),
      leases: await lab.openLeases(),
      locks: filesBelow(join(repositoryFolder, 'locks')),
    };
  }

  class CommandLine implements Victim {
    readonly cli: QuiesceCli;

    constructor(name: string) {
      this.cli = new QuiesceCli(join(folder, name));
    }

    get repositoryFolder(): string {
      return this.cli.repositoryFolder;
    }

    get repositoryPasswordFile(): string {
      return this.cli.repositoryPasswordFile;
    }

    async setUp(): Promise<this> {
      await this.cli.setUp(lab, undefined, ['--pack-size', '4']);
      return this;
    }

    async start(): Promise<Disturbed> {
      const { child, result } = this.cli.start('backup', 'db01', '--level', 'crash');
      return await Promise.resolve({
        ended: result,
        kill: async () => {
          const isKilled = child.kill('SIGKILL');
          await result;
          return isKilled;
        },
      });
    }

    async startAgain(): Promise<void> {
      const { leftovers } = (await this.cli.json('guard')) as { leftovers: readonly { outcome: string }[] };
      expect(leftovers.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
    }

    async backUp(): Promise<void> {
      await this.cli.ok('backup', 'db01', '--level', 'crash');
    }
  }

  class Worker implements Victim, AsyncDisposable {
    readonly #user = new WorkerUser(folder);
    #client: WorkerClient | undefined;

    get repositoryFolder(): string {
      return this.#user.repositoryFolder;
    }

    get repositoryPasswordFile(): string {
      return this.#user.repositoryPasswordFile;
    }

    async setUp(): Promise<this> {
      await this.#connected();
      return this;
    }

    async start(): Promise<Disturbed> {
      const client = await this.#connected();
      const vm = await vmNamed(client, 'db01');
      const params = { vm, repository: 'main', policy: crashOnly };
      const { jobId } = await client.request(startBackup, params, anySignal);
      const ended = Promise.race([new WatchedJob(client, jobId).ended, client.closed]);
      const kill = async (): Promise<boolean> => {
        await this.#user.kill(client);
        return true;
      };
      return { ended, kill };
    }

    async startAgain(): Promise<void> {
      this.#client = undefined;
      const client = await this.#connected();
      const { jobId } = await client.request(startGuard, {}, anySignal);
      const { state } = await new WatchedJob(client, jobId).ended;
      expect(state).toBe('succeeded');
      const { jobs } = await client.request(listJobs, {}, anySignal);
      for (const { id } of jobs) await new WatchedJob(client, id).ended;
      expect(this.#user.journalRecords()).toEqual([]);
    }

    async backUp(): Promise<void> {
      const client = await this.#connected();
      const vm = await vmNamed(client, 'db01');
      const params = { vm, repository: 'main', policy: crashOnly };
      const { jobId } = await client.request(startBackup, params, anySignal);
      expect(await new WatchedJob(client, jobId).ended).toMatchObject({ state: 'succeeded' });
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.#user[Symbol.asyncDispose]();
    }

    async #connected(): Promise<WorkerClient> {
      if (this.#client === undefined) {
        this.#client = await this.#user.connect();
        await this.#user.openPlaces(this.#client, lab, { packMiB: 4 });
      }
      return this.#client;
    }
  }

  /** One of the programs that read the disks; the backup itself has to see it through. */
  class NbdProgram extends CommandLine {
    static readonly options = [
      '--level',
      'crash',
      '--transport',
      'nbd',
      '--nbd-command',
      nbdkitOfLab.join(' '),
    ];

    override async start(): Promise<Disturbed> {
      const { result } = this.cli.start('backup', 'db01', ...NbdProgram.options);
      const kill = async (): Promise<boolean> => {
        const [victim, other] = programsOfLab(lab);
        const chosen = other !== undefined && randomFraction() < 0.5 ? other : victim;
        if (chosen !== undefined) process.kill(chosen, 'SIGKILL');
        const { code, stderr } = await result;
        expect({ code, stderr }).toMatchObject({ code: 0 });
        return chosen !== undefined;
      };
      return await Promise.resolve({ ended: result, kill });
    }

    override async startAgain(): Promise<void> {
      expect(programsOfLab(lab)).toEqual([]);
      await super.startAgain();
    }

    override async backUp(): Promise<void> {
      await this.cli.ok('backup', 'db01', ...NbdProgram.options);
    }
  }

  /** Of a simulated server snapshots and leases go with it: what is left is what this side had. */
  class Server extends CommandLine {
    override async start(): Promise<Disturbed> {
      const { ended } = await super.start();
      return {
        ended,
        kill: async () => {
          const { host } = new URL(lab.ready.url);
          await lab.kill();
          await systemClock.sleep(randomFraction() * 1000, anySignal);
          lab = await startLab(host);
          await writeFresh();
          return true;
        },
      };
    }
  }

  test(
    'of the command line: the guard leaves nothing, and hardly anything is stored again',
    async () => {
      await killAtRandomMoments(await new CommandLine('cli').setUp());
    },
    timeoutMs,
  );

  test(
    'of an NBD program: the backup goes on with another one, and hardly anything is stored again',
    async () => {
      await killAtRandomMoments(await new NbdProgram('nbd').setUp());
    },
    timeoutMs,
  );

  test(
    'of the worker: the next one leaves nothing, and hardly anything is stored again',
    async () => {
      await using worker = new Worker();
      await killAtRandomMoments(await worker.setUp());
    },
    timeoutMs,
  );

  test(
    'of the server: once it is back nothing is left, and hardly anything is stored again',
    async () => {
      await killAtRandomMoments(await new Server('server').setUp());
    },
    timeoutMs,
  );
});
