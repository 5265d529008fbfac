import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import { VimFault } from '../soap/vimFault.ts';
import type { ManagedObject, PlainObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';

/** A disk that can be read or written under a lease. */
export interface LeaseFile {
  /** The last part of its URL, for instance "disk-0.vmdk". */
  readonly name: string;
  readonly deviceKey: number;
  readonly capacityBytes: number;
  /** The lease's name of the device, for instance "/vm-42/VirtualLsiLogicController0:0". */
  readonly importKey: string;
  readonly transfer: ExportedDisk | ImportedDisk;
  /** What went over the wire, once all of it did. */
  transferred: Transferred | undefined;
}

export interface Transferred {
  readonly sizeBytes: number;
  readonly sha1: string;
  readonly sha256: string;
}

export interface ExportedDisk {
  readonly kind: 'export';
  readonly disk: VersionedDisk;
  readonly position: number;
  /** Paths of the extents it is read from. */
  readonly files: readonly string[];
}

export interface ImportedDisk {
  readonly kind: 'import';
  /** Called with the disk that has arrived whole. */
  readonly accept: (disk: VersionedDisk) => void;
}

export interface LeaseRequest {
  /** Whose disks they are, also where a snapshot is exported. */
  readonly vm: MoRef;
  readonly vmName: string;
  /** Which serves it. */
  readonly host: MoRef;
  /** Part of every URL; nobody can guess it. */
  readonly secret: string;
  readonly timeoutSeconds: number;
  readonly urlHost: string;
  readonly sslThumbprint: string;
  /** Called once when the lease ends, with whether it was completed. */
  readonly onEnd: (completed: boolean) => void;
}

/** Timers count in whole milliseconds and wake late, each time a little; a limit would be lower than it says. */
const latenessMs = 200;

type LeaseState = 'initializing' | 'ready' | 'done' | 'error';

/** The right to transfer the disks of a VM for as long as the client shows that it is at it. */
export class Lease implements ManagedObject {
  readonly ref: MoRef;
  readonly request: LeaseRequest;
  readonly beganAt: Date;
  readonly #registry: ObjectRegistry;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #files: readonly LeaseFile[] = [];
  #state: LeaseState = 'initializing';
  #error: VimFault | undefined;
  #percent = 0;
  #endedAt: Date | undefined;
  #deadlineMs: number;
  /** When what was let through so far has passed. */
  #freeAtMs = 0;

  constructor(ref: MoRef, request: LeaseRequest, registry: ObjectRegistry, clock: Clock) {
    this.ref = ref;
    this.request = request;
    this.#registry = registry;
    this.#clock = clock;
    this.beganAt = clock.now();
    this.#deadlineMs = clock.monotonicMs() + request.timeoutSeconds * 1000;
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Aborted when the lease is over: transfers stop. */
  get endSignal(): AbortSignal {
    return this.#ended.signal;
  }

  get endedAt(): Date | undefined {
    return this.#endedAt;
  }

  get files(): readonly LeaseFile[] {
    return this.#files;
  }

  /**
   * Waits until so many bytes may pass at that speed, counted over all transfers of the lease. What a timer was late is made
   * up for; more time than that in which nothing passed is not saved up.
   */
  async pace(bytes: number, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#freeAtMs = Math.max(nowMs - latenessMs, this.#freeAtMs) + (bytes / bytesPerSecond) * 1000;
    if (this.#freeAtMs > nowMs) await this.#clock.sleep(this.#freeAtMs - nowMs, signal);
  }

  /** The disks can be transferred from now on, until the time without progress is over. */
  becomeReady(files: readonly LeaseFile[]): void {
    if (this.#state !== 'initializing') return;
    this.#files = files;
    this.#state = 'ready';
    this.#deadlineMs = this.#clock.monotonicMs() + this.request.timeoutSeconds * 1000;
    this.#registry.changed(this.ref);
    void this.#watch();
  }

  /** @throws VimFault if the lease is not ready */
  progress(percent: number): void {
    this.assertReady();
    this.#percent = percent;
    this.#deadlineMs = this.#clock.monotonicMs() + this.request.timeoutSeconds * 1000;
    this.#registry.changed(this.ref);
  }

  complete(): void {
    this.assertReady();
    this.#end('done', undefined);
  }

  /** A client gave up, or something went wrong here. */
  fail(fault: VimFault): void {
    if (this.#state === 'initializing' || this.#state === 'ready') this.#end('error', fault);
  }

  /** @throws VimFault Timedout or InvalidState */
  assertReady(): void {
    if (this.#state === 'ready') return;
    if (this.#error !== undefined) throw this.#error;
    throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
  }

  property(name: string): unknown {
    switch (name) {
      case 'initializeProgress':
        return this.#state === 'initializing' ? 0 : 100;
      case 'transferProgress':
        return this.#percent;
      case 'mode':
        return 'pushOrGet';
      case 'capabilities':
        return { pullModeSupported: false, corsSupported: false };
      case 'state':
        return this.#state;
      case 'error':
        return this.#error?.toLocalized();
      case 'info':
        return this.#state === 'ready' || this.#state === 'done' ? this.#info() : undefined;
      default:
        return undefined;
    }
  }

  /** What was transferred, for the client to compare. */
  manifest(): PlainObject[] {
    return this.#files.flatMap(file => {
      if (file.transferred === undefined) return [];
      const { sizeBytes, sha1, sha256 } = file.transferred;
      return [
        {
          key: file.importKey,
          sha1,
          checksum: sha256,
          checksumType: 'sha256',
          size: sizeBytes,
          disk: true,
          capacity: file.capacityBytes,
        },
      ];
    });
  }

  #end(state: 'done' | 'error', fault: VimFault | undefined): void {
    this.#state = state;
    this.#endedAt = this.#clock.now();
    this.#error = fault;
    this.#ended.abort();
    this.request.onEnd(state === 'done');
    this.#registry.changed(this.ref);
  }

  async #watch(): Promise<void> {
    try {
      while (this.#state === 'ready') {
        const leftMs = this.#deadlineMs - this.#clock.monotonicMs();
        if (leftMs > 0) await this.#clock.sleep(leftMs, this.#ended.signal);
        else this.fail(new VimFault('Timedout', 'The lease has timed out: no progress was reported.'));
      }
    } catch {
      // The lease has ended while its time was running.
    }
  }

  #info(): PlainObject {
    const { vm, secret, urlHost, sslThumbprint, timeoutSeconds } = this.request;
    const capacityBytes = this.#files.reduce((sum, file) => sum + file.capacityBytes, 0);
    return {
      lease: this.ref,
      entity: vm,
      deviceUrl: this.#files.map(file => ({
        key: file.importKey,
        importKey: file.importKey,
        url: `https://${urlHost}/nfc/${secret}/${file.name}`,
        sslThumbprint,
        disk: true,
        targetId: file.name,
        datastoreKey: '',
        fileSize: 0,
      })),
      totalDiskCapacityInKB: Math.ceil(capacityBytes / 1024),
      leaseTimeout: timeoutSeconds,
    };
  }
}
