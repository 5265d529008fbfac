import { expect } from 'vitest';

import { defined } from '../../src/base/assert.ts';
import { AppError, toAppError } from '../../src/base/errors.ts';
import type { BlobId } from '../../src/core/codec/blobId.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import { commitRestorePoint } from '../../src/core/catalog/commitRestorePoint.ts';
import { openRestorePoint } from '../../src/core/catalog/restorePoint.ts';
import { openDiskImage } from '../../src/core/image/diskImage.ts';
import { PartContents } from '../../src/core/image/partContents.ts';
import { copyPoints } from '../../src/core/jobs/copyPoints.ts';
import { prune } from '../../src/core/jobs/retention/prune.ts';
import type { MemoryObjectStore } from '../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { openRepository } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { underLock } from '../../src/core/repository/underLock.ts';
import { SeededRandom } from '../../src/lab/guest/seededRandom.ts';
import { InterruptedProcess, type Interruption } from '../faults/interruptedProcess.ts';
import { anySignal as signal } from './anySignal.ts';
import { collect } from './collect.ts';
import { ImpatientClock } from './manualClock.ts';
import { sampleManifest } from './manifests.ts';
import { type MemoryJournal, memoryJournal } from './memoryJournal.ts';
import { pattern } from './pattern.ts';
import { checkAll, pruneAll } from './pruneCycle.ts';
import { copyOf, createTestRepository, testDeps, testHost, testPassword } from './repositories.ts';
import { sampleDisk, saveDisk } from './restorePoints.ts';

const minuteMs = 60_000;
const start = '2026-03-01T12:00:00.000Z';
const chunkBytes = 4096;
const chunkCount = 24;
/** Few chunks in a pack, so that packs are partly used. */
const packBytes = 4 * chunkBytes;
const disk = sampleDisk({
  capacityBytes: chunkCount * chunkBytes,
  chunkBytes,
  partBytes: 8 * chunkBytes,
});
const vmNames = ['web01', 'db01', 'app01'] as const;
type VmName = (typeof vmNames)[number];

/** Two repositories: the second one takes copies. */
const places = ['main', 'second'] as const;
type Place = (typeof places)[number];

/** The whole truth about a restore point: what the disk of its VM held when it was taken. */
interface Moment {
  readonly vm: VmName;
  readonly content: Buffer;
}

/** A process that works with both repositories, its clock and its locks. */
interface Client {
  readonly pid: number;
  readonly clock: ImpatientClock;
  readonly process: InterruptedProcess;
  readonly journal: MemoryJournal;
  readonly repositories: Readonly<Record<Place, Repository>>;
}

type JobKind = 'backup' | 'forget' | 'prune' | 'copy';

/** What a job of the history does, and what has to come of it. */
interface Job {
  readonly kind: JobKind;
  readonly run: (client: Client) => Promise<void>;
  /** What may have come of it when it was killed. */
  readonly mayAdd: readonly Moment[];
  readonly mayRemove: readonly SnapshotId[];
}

/** How jobs ended, over all histories. */
export type Tally = Map<string, number>;

/**
 * A random history of a few VMs and of everybody who works with their repository, lived against a plain map of what each
 * restore point has to hold. Whatever happens, after each step the repository holds exactly these restore points, each whole.
 */
export class RepositoryHistory {
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  readonly #stores: Readonly<Record<Place, MemoryObjectStore>>;
  readonly #disks = new Map<VmName, Buffer>();
  readonly #points: Readonly<Record<Place, Map<SnapshotId, Moment>>> = {
    main: new Map(),
    second: new Map(),
  };
  /** All there ever were. */
  readonly #moments: Moment[] = [];
  readonly #alive = new Set<number>();
  readonly #clients: [Client | undefined, Client | undefined, Client | undefined] = [
    undefined,
    undefined,
    undefined,
  ];
  /** Operations of the last job of its kind: interruptions come anywhere in the next one. */
  readonly #lastCount: Record<JobKind, number> = { backup: 40, forget: 15, prune: 60, copy: 40 };
  #elapsedMs = 0;
  #lastPid = 100;
  #lastVersion = 0;
  #lastSeed: number;

  private constructor(
    seed: number,
    tally: Tally,
    stores: Readonly<Record<Place, MemoryObjectStore>>,
    random: SeededRandom,
  ) {
    this.#tally = tally;
    this.#stores = stores;
    this.#random = random;
    this.#lastSeed = seed * 1000;
    for (const vm of vmNames) this.#disks.set(vm, Buffer.alloc(chunkCount * chunkBytes));
  }

  static async begin(seed: number, tally: Tally): Promise<RepositoryHistory> {
    const { main, second } = await emptyStores();
    const stores = { main: await copyOf(main), second: await copyOf(second) };
    return new RepositoryHistory(seed, tally, stores, new SeededRandom(seed));
  }

  get store(): MemoryObjectStore {
    return this.#stores.main;
  }

  /** What each restore point of the first repository has to hold. */
  get points(): ReadonlyMap<SnapshotId, Moment> {
    return this.#points.main;
  }

  async live(): Promise<void> {
    for (const vm of vmNames) this.#write(vm);
    for (let steps = 12 + this.#below(14); steps > 0; steps -= 1) {
      const dice = this.#below(20);
      if (dice < 6) this.#write(this.#anyOf(vmNames));
      else if (dice < 8) await this.#together();
      else if (dice === 8) await this.#pass(this.#below(120) * minuteMs);
      else if (dice === 9) await this.#unlock();
      else await this.#interrupted(this.#anyJob());
    }
    await this.#end();
  }

  #write(vm: VmName): void {
    const content = Buffer.from(this.#disk(vm));
    for (let count = 1 + this.#below(5); count > 0; count -= 1) {
      const chunk = this.#below(chunkCount);
      // Zeros, what another VM has, what there was before, or something new.
      const version = [0, 1 + this.#below(8), (this.#lastVersion += 1) + 8][this.#below(3)] ?? 0;
      const bytes = version === 0 ? new Uint8Array(chunkBytes) : pattern(chunkBytes, 0, version);
      content.set(bytes, chunk * chunkBytes);
    }
    this.#disks.set(vm, content);
  }

  /** A job that may be killed or put to sleep at any of its operations. */
  async #interrupted(job: Job): Promise<void> {
    const which = this.#below(3);
    const client = await this.#client(which);
    const fate = (['none', 'kill', 'sleep'] as const)[this.#below(3)] ?? 'none';
    const interruption: Interruption | undefined =
      fate === 'none'
        ? undefined
        : {
            kind: fate,
            at: 1 + this.#below(this.#lastCount[job.kind] + 3),
            when: this.#below(2) === 0 ? 'before' : 'after',
          };
    const asleep = client.process.begin(interruption);
    const outcome = ended(job.run(client));
    const isAsleep = await Promise.race([outcome.then(() => false), asleep.then(() => true)]);
    const partial = isAsleep ? await this.#whileAsleep(which, client) : [];
    const error = await outcome;
    if (interruption === undefined) this.#lastCount[job.kind] = client.process.operationCount;
    void client.process.begin();
    const how = client.process.isKilled ? 'killed' : isAsleep ? 'slept' : 'undisturbed';
    this.#count(job, how, error);
    if (client.process.isKilled) await this.#bury(which);
    if (error !== undefined && how !== 'killed') this.#assertAllowed(job, how, error);
    const isOpen = how === 'killed' || isPartial(job);
    await this.#reconcile(isOpen ? [...partial, job] : partial, `${job.kind}, ${how}`);
  }

  /** Others are at work meanwhile, and may take what is old for abandoned. @returns what was done in part */
  async #whileAsleep(which: number, sleeper: Client): Promise<readonly Job[]> {
    const partial: Job[] = [];
    const minutes = this.#below(4) === 0 ? this.#below(25) : 26 + this.#below(70);
    await this.#pass(minutes * minuteMs, sleeper);
    const other = (which + 1 + this.#below(2)) % 3;
    for (let count = this.#below(4); count > 0; count -= 1) {
      const client = await this.#client(other);
      if (this.#below(2) === 0)
        for (const place of places) await client.repositories[place].removeStaleLocks(signal);
      const job = this.#anyJob();
      void client.process.begin();
      const error = await ended(job.run(client));
      this.#count(job, 'beside a sleeper', error);
      if (error !== undefined) this.#assertAllowed(job, 'beside a sleeper', error);
      if (isPartial(job)) partial.push(job);
    }
    // The wall clock has moved; its timers go off now, or after as long as they had left.
    sleeper.clock.jump(minutes * minuteMs);
    if (this.#below(2) === 0) await sleeper.clock.advance(5 * minuteMs);
    sleeper.process.wake();
    return partial;
  }

  /** Two processes at once. */
  async #together(): Promise<void> {
    const first = this.#below(3);
    const jobs = [this.#anyJob(), this.#anyJob()] as const;
    const clients = [await this.#client(first), await this.#client((first + 1) % 3)] as const;
    const errors = await Promise.all(
      jobs.map(async (job, index) => {
        const client = defined(clients[index], 'client');
        void client.process.begin();
        return await ended(job.run(client));
      }),
    );
    for (const [index, job] of jobs.entries()) {
      this.#count(job, 'beside another', errors[index]);
      if (errors[index] !== undefined) this.#assertAllowed(job, 'beside another', errors[index]);
    }
    const partial = jobs.filter(isPartial);
    await this.#reconcile(partial, jobs.map(({ kind }) => kind).join(' beside '));
  }

  #anyJob(): Job {
    const dice = this.#below(10);
    const [doomed] = [...this.#points.main.keys()].slice(this.#below(Math.max(1, this.#points.main.size)));
    if (dice < 5 || this.#points.main.size === 0) return this.#backup(this.#anyOf(vmNames));
    if (dice < 7 && doomed !== undefined) return this.#forget(doomed);
    return dice < 9 ? this.#prune() : this.#copy();
  }

  /** As a job does it: what has not changed is taken from the restore point before, unread. */
  #backup(vm: VmName): Job {
    const content = Buffer.from(this.#disk(vm));
    const isFull = this.#below(5) === 0;
    const moment = { vm, content };
    this.#moments.push(moment);
    return {
      ...{ kind: 'backup', mayAdd: [moment], mayRemove: [] },
      run: async ({ repositories: { main }, journal, clock }) => {
        const id = await underLock(
          main,
          { mode: 'shared', vmId: vm, journal, isEarly: true },
          signal,
          async (lock, held) => {
            const previous = [...this.#points.main].findLast(([, point]) => point.vm === vm);
            const known =
              previous === undefined || isFull
                ? new Map<number, BlobId>()
                : await sameChunks(main, previous, content, held).catch(unlessForgotten);
            const tree = await saveDisk(main, disk, content, known);
            const manifest = manifestOf(vm, clock.now());
            const disks = new Map([[disk.key, tree]]);
            const point = { manifest, config: '{}', disks, parent: previous?.[0], username: 'backup' };
            return await commitRestorePoint(main, point, lock, held);
          },
        );
        this.#points.main.set(id, moment);
      },
    };
  }

  #forget(id: SnapshotId): Job {
    return {
      ...{ kind: 'forget', mayAdd: [], mayRemove: [id] },
      run: async ({ repositories: { main }, journal }) => {
        await underLock(main, { mode: 'exclusive', journal }, signal, async (lock, held) => {
          await main.removeSnapshot(id, lock, held);
        });
        this.#points.main.delete(id);
      },
    };
  }

  #prune(): Job {
    const maxUnusedShare = this.#anyOf([0, 0, 0.05, 0.5] as const);
    return {
      ...{ kind: 'prune', mayAdd: [], mayRemove: [] },
      run: async ({ repositories: { main }, journal, clock }) => {
        await prune(main, { maxUnusedShare }, { journal, clock, waitMs: 0 }, () => undefined, signal);
      },
    };
  }

  #copy(): Job {
    return {
      ...{ kind: 'copy', mayAdd: this.#moments, mayRemove: [] },
      run: async ({ repositories: { main, second }, journal }) => {
        const { sets } = await listBackupSets(main, signal);
        const points = sets.flatMap(set => set.points);
        await copyPoints(main, second, points, journal, () => undefined, signal);
      },
    };
  }

  /** The repositories hold what the map says; what jobs without an end have done is taken into the map. */
  async #reconcile(open: readonly Job[], what: string): Promise<void> {
    for (const place of places) {
      const points = this.#points[place];
      await using repository = await this.#lookAt(place);
      const listed = (await collect(repository.listSnapshots(signal))).map(({ id }) => id);
      for (const id of listed) {
        if (points.has(id)) continue;
        const content = await contentOf(repository, id);
        const moment = open
          .flatMap(({ mayAdd }) => mayAdd)
          .find(candidate => candidate.content.equals(content));
        points.set(id, defined(moment, `restore point ${id} in ${place}, which came of no ${what}`));
      }
      for (const id of [...points.keys()].filter(id => !listed.includes(id))) {
        expect(
          open.flatMap(({ mayRemove }) => mayRemove),
          `restore points lost in ${place} by ${what}`,
        ).toContain(id);
        points.delete(id);
      }
      for (const [id, { content }] of points)
        expect((await contentOf(repository, id)).equals(content), `${id} after ${what}`).toBe(true);
      const { errors } = await checkAll(repository);
      expect(errors, `${place} after ${what}`).toEqual([]);
    }
  }

  /** With everybody gone, the locks of the dead are old, everything can be pruned, and nothing is left over. */
  async #end(): Promise<void> {
    for (const which of [0, 1, 2]) await this.#bury(which);
    await this.#pass(60 * minuteMs);
    const client = await this.#client(0);
    for (const place of places) {
      await client.repositories[place].removeStaleLocks(signal);
      await pruneAll(client.repositories[place]);
    }
    await this.#reconcile([], 'last prune');
    for (const place of places)
      expect(await checkAll(client.repositories[place])).toMatchObject({ errorCount: 0, warningCount: 0 });
    await this.#bury(0);
    for (const place of places) expect(await collect(this.#stores[place].list('lock', signal))).toEqual([]);
  }

  async #unlock(): Promise<void> {
    const client = await this.#client(this.#below(3));
    for (const place of places) await client.repositories[place].removeStaleLocks(signal);
  }

  async #pass(durationMs: number, sleeper?: Client): Promise<void> {
    // In steps, so that no clock is far ahead of another.
    for (let left = durationMs; left > 0; left -= 5 * minuteMs) {
      const stepMs = Math.min(left, 5 * minuteMs);
      this.#elapsedMs += stepMs;
      for (const client of this.#clients)
        if (client !== undefined && client !== sleeper) await client.clock.advance(stepMs);
    }
  }

  /** Two on one host, one on another. A process that was killed is followed by a new one. */
  async #client(which: number): Promise<Client> {
    const existing = this.#clients[which];
    if (existing !== undefined) return existing;
    const pid = (this.#lastPid += 1);
    this.#alive.add(pid);
    const clock = new ImpatientClock(new Date(Date.parse(start) + this.#elapsedMs).toISOString());
    const process = new InterruptedProcess();
    const open = async (place: Place) =>
      await this.#open(
        process.store(this.#stores[place], () => this.#below(3)),
        which,
        pid,
        clock,
      );
    const client: Client = {
      ...{ pid, clock, process, journal: memoryJournal() },
      repositories: { main: await open('main'), second: await open('second') },
    };
    this.#clients[which] = client;
    return client;
  }

  async #open(store: ObjectStore, which: number, pid: number, clock: ImpatientClock): Promise<Repository> {
    const isAlive = (asked: number) => this.#alive.has(asked);
    const host = { ...testHost, hostname: which === 2 ? 'another-host' : testHost.hostname, pid, isAlive };
    const deps = testDeps({ seed: (this.#lastSeed += 1), packBytes, clock, host });
    return await openRepository(store, testPassword, deps, signal);
  }

  async #bury(which: number): Promise<void> {
    const client = this.#clients[which];
    if (client === undefined) return;
    this.#alive.delete(client.pid);
    this.#clients[which] = undefined;
    for (const place of places) await client.repositories[place][Symbol.asyncDispose]();
  }

  /** A look that no lock hinders. */
  async #lookAt(place: Place): Promise<Repository> {
    const store = await copyOf(this.#stores[place]);
    for (const { id } of await collect(store.list('lock', signal)))
      await store.remove({ kind: 'lock', id }, signal);
    const clock = new ImpatientClock(new Date(Date.parse(start) + this.#elapsedMs).toISOString());
    return await this.#open(store, 2, 1, clock);
  }

  /** Whoever meets what others are doing gives way; whoever slept, or met one who did, may miss what it was about to use. */
  #assertAllowed(
    job: Job,
    how: 'undisturbed' | 'slept' | 'beside a sleeper' | 'beside another',
    error: AppError,
  ): void {
    const hasGone =
      how === 'slept' || how === 'beside a sleeper' || (how === 'beside another' && job.kind === 'copy');
    const isForgotten = job.kind === 'forget' && error.code === 'NOT_FOUND';
    if (error.code === 'CONFLICT' || isForgotten) return;
    if (hasGone && AppError.is(error, 'NOT_FOUND', 'CORRUPT_DATA')) return;
    throw new Error(`a ${job.kind} that was ${how} failed`, { cause: error });
  }

  #count(job: Job, how: string, error: AppError | undefined): void {
    const key = `${job.kind} ${how}: ${how === 'killed' ? 'dead' : (error?.code ?? 'done')}`;
    this.#tally.set(key, (this.#tally.get(key) ?? 0) + 1);
  }

  #disk(vm: VmName): Buffer {
    return defined(this.#disks.get(vm), vm);
  }

  #anyOf<T>(items: readonly T[]): T {
    return defined(items[this.#below(items.length)], 'item');
  }

  #below(limit: number): number {
    return this.#random.below(limit);
  }
}

let empty: Promise<Readonly<Record<Place, MemoryObjectStore>>> | undefined;

/** Two new repositories, made once: a key is expensive. */
async function emptyStores(): Promise<Readonly<Record<Place, MemoryObjectStore>>> {
  const make = async (seed: number) => (await createTestRepository(testDeps({ seed }))).store;
  empty ??= (async () => ({ main: await make(1), second: await make(2) }))();
  return await empty;
}

/** A copy has as many restore points as it came to, perhaps one that its own backup has not reported yet. */
function isPartial({ kind }: Job): boolean {
  return kind === 'copy';
}

async function ended(work: Promise<void>): Promise<AppError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return toAppError(error);
  }
}

/** Somebody was faster: it is no reason not to make another one. */
function unlessForgotten(error: unknown): Map<number, BlobId> {
  if (AppError.is(error, 'NOT_FOUND')) return new Map();
  throw error;
}

/** Ids of the chunks that the restore point before has too, by their index. */
async function sameChunks(
  repository: Repository,
  [id, before]: readonly [SnapshotId, Moment],
  content: Buffer,
  held: AbortSignal,
): Promise<Map<number, BlobId>> {
  const point = await openRestorePoint(repository, id, held);
  const tree = defined(point.disks.get(disk.key), 'disk');
  const parts = await PartContents.open(repository, tree, disk, held);
  const same = new Map<number, BlobId>();
  for (let index = 0; index < chunkCount; index += 1) {
    const [from, to] = [index * chunkBytes, (index + 1) * chunkBytes];
    if (content.subarray(from, to).equals(before.content.subarray(from, to)))
      same.set(index, await parts.chunkId(index, held));
  }
  return same;
}

async function contentOf(repository: Repository, id: SnapshotId): Promise<Buffer> {
  const point = await openRestorePoint(repository, id, signal);
  const image = await openDiskImage(repository, point, disk.key, signal);
  const bytes = Buffer.alloc(image.sizeBytes);
  await image.read(0, bytes, signal);
  return bytes;
}

function manifestOf(vm: VmName, takenAt: Date) {
  const sample = sampleManifest();
  return sampleManifest({
    vm: { ...sample.vm, name: vm, instanceUuid: `uuid-of-${vm}` },
    takenAt: takenAt.toISOString(),
    disks: [disk],
  });
}
