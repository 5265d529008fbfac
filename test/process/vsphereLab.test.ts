import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { CancelledError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { importVirtualMachine } from '../../src/core/disk/node/nfcImport.ts';
import type { ImportRequest } from '../../src/core/disk/node/nfcImport.ts';
import { removeLeftoverImport, restoreTokenKey } from '../../src/core/disk/node/nfcImportLeftovers.ts';
import { abortLeftoverLease, openNfcExport } from '../../src/core/disk/node/nfcExport.ts';
import type { DiskBlock } from '../../src/core/block/diskBlock.ts';
import type { DiskStream } from '../../src/core/disk/diskTransport.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import type { ImportedVmRecord } from '../../src/core/journal/leaseJournal.ts';
import { removeLeftoverSnapshot } from '../../src/core/snapshot/removeSnapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshotLease.ts';
import type { SnapshotLease, SnapshotOptions } from '../../src/core/snapshot/snapshotLease.ts';
import { ovfDescriptor } from '../../src/core/jobs/restoreVm/ovfDescriptor.ts';
import { anySignal } from '../support/anySignal.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { logIn, startLab } from '../vcsim/servers.ts';
import type { Lab, LoggedIn } from '../vcsim/servers.ts';

// Snapshots and transfers against the lab: real bytes, leases that run out, connections that break.
const logger = silentLogger;
const clock = systemClock;
const options: SnapshotOptions = {
  name: 'backup',
  job: 'j-1',
  quiesce: { kind: 'tools' },
  validForMs: 3_600_000,
};

let lab: Lab;
let open: LoggedIn;

beforeAll(async () => {
  lab = await startLab();
  open = await logIn(lab);
});

afterEach(async () => {
  await lab.control('faults', noFaults);
});

afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const task = { type: 'Task', value: 'task-1' };
const privilegeId = 'VirtualMachine.State.RemoveSnapshot';
const noFaults = {
  taskStepMs: 15,
  refuseQuiesce: [],
  leaseTimeoutSeconds: 300,
  vmdkDialect: 'vsphere',
  leaseUrls: 'asterisk',
  manifests: true,
};

describe('a snapshot', () => {
  test('freezes the disks, and is gone afterwards', async () => {
    const { journal, take } = await setUp('db01');
    {
      await using snapshot = await take();
      expect(snapshot.disks).toHaveLength(2);
      for (const { deviceKey } of snapshot.disks) {
        const frozen = await frozenSha256('db01', snapshot, deviceKey);
        await lab.control(`disks/db01/${deviceKey}/burst`, { bytes: 300_000 }).catch(() => undefined);
        await using stream = await openExport(snapshot, deviceKey, journal);
        expect(await sha256OfStream(stream)).toBe(frozen);
        expect(stream.receivedBytes).toBeGreaterThan(0);
      }
      expect(journal.open.map(({ kind }) => kind)).toEqual(['snapshot']);
    }
    expect(journal.open).toEqual([]);
    expect(await snapshotsOf('db01')).toEqual([]);
  });

  test('is not weakened when the guest cannot be quiesced', async () => {
    const { journal, take } = await setUp('web01');
    await lab.control('faults', { refuseQuiesce: ['web01'] });
    await expect(take()).rejects.toMatchObject({ code: 'QUIESCE_FAILED', object: 'web01' });
    expect(await snapshotsOf('web01')).toEqual([]);
    expect(journal.open).toEqual([]);
  });

  test('is removed although the VM is busy for a while', async () => {
    const { journal, take } = await setUp('web01');
    const snapshot = await take();
    await lab.control('faults', {
      methods: [{ method: 'RemoveSnapshot_Task', fault: 'TaskInProgress', fields: { task }, times: 2 }],
    });
    await snapshot[Symbol.asyncDispose]();
    expect(await snapshotsOf('web01')).toEqual([]);
    expect(journal.open).toEqual([]);
  });

  test('that cannot be removed is reported and stays in the journal', async () => {
    const { journal, take, vm } = await setUp('web01');
    const snapshot = await take();
    await lab.control('faults', {
      methods: [
        {
          method: 'RemoveSnapshot_Task',
          fault: 'NoPermission',
          fields: { object: vm.ref, privilegeId },
          times: 1,
        },
      ],
    });
    await expect(snapshot[Symbol.asyncDispose]()).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining(privilegeId) as unknown,
    });
    const [record] = journal.open;
    expect(record).toMatchObject({ kind: 'snapshot', vm: vm.ref.value, token: snapshot.token });
    if (record?.kind !== 'snapshot') throw new Error('no record of the snapshot');
    expect(await removeLeftoverSnapshot(open.session, record, { clock, logger }, anySignal)).toBe('removed');
    expect(await removeLeftoverSnapshot(open.session, record, { clock, logger }, anySignal)).toBe('gone');
  });

  test('of a cancelled creation is removed', async () => {
    const { journal, take } = await setUp('web01');
    await lab.control('faults', { taskStepMs: 200 });
    const abort = new AbortController();
    const onProgress = (percent: number) => {
      if (percent > 0) abort.abort();
    };
    const creating = take({ ...options, onProgress }, abort.signal);
    await expect(creating).rejects.toMatchObject({ code: 'CANCELLED' });
    await lab.control('faults', { taskStepMs: 15 });
    expect(await snapshotsOf('web01')).toEqual([]);
    expect(journal.open).toEqual([]);
  });

  test('survives a session that the server forgets', async () => {
    const { take } = await setUp('web01');
    await using snapshot = await take();
    await lab.control('sessions/expire', {});
    await snapshot[Symbol.asyncDispose]();
    expect(await snapshotsOf('web01')).toEqual([]);
  });

  test('is followed by a consolidation where that is needed', async () => {
    const { take } = await setUp('web01');
    const snapshot = await take();
    await lab.control('vms/web01', { consolidationNeeded: true });
    await snapshot[Symbol.asyncDispose]();
    const { runtime } = await readVirtualMachine(open.session, snapshot.vm, anySignal);
    expect(runtime.consolidationNeeded).toBe(false);
  });
});

describe('an export', () => {
  const broken = [
    ['is cut off', { kind: 'cut', afterBytes: 100_000 }, { code: 'UNREACHABLE', retryable: true }],
    [
      'ends early as if it were whole',
      { kind: 'truncate', afterBytes: 100_000 },
      { code: 'UNREACHABLE', retryable: true },
    ],
    [
      'ends before the header',
      { kind: 'truncate', afterBytes: 300 },
      { code: 'UNREACHABLE', retryable: true },
    ],
    ['stalls', { kind: 'stall', afterBytes: 50_000 }, { code: 'UNREACHABLE', retryable: true }],
    ['is refused', { kind: 'unavailable' }, { code: 'UNREACHABLE', retryable: true }],
  ] as const;

  test.each(broken)('that %s is an error, and the next one is whole', async (_, fault, expected) => {
    const { journal, take } = await setUp('web01');
    await using snapshot = await take();
    const deviceKey = snapshot.disks[0]!.deviceKey;
    await lab.control('faults', { streams: [{ ...fault, times: 1 }] });
    await expect(readExport(snapshot, deviceKey, journal, 400)).rejects.toMatchObject(expected);
    expect(await readExport(snapshot, deviceKey, journal)).toBe(
      await frozenSha256('web01', snapshot, deviceKey),
    );
    expect(journal.open.map(({ kind }) => kind)).toEqual(['snapshot']);
    expect(await liveLeases()).toEqual([]);
  });

  test.each([
    ["qemu-img's layout", { vmdkDialect: 'qemu' }],
    ['no manifest', { manifests: false }],
    ['a host in the URL', { leaseUrls: 'host' }],
  ])('with %s is whole', async (_, setting) => {
    const { journal, take } = await setUp('web01');
    await using snapshot = await take();
    await lab.control('faults', setting);
    const deviceKey = snapshot.disks[0]!.deviceKey;
    expect(await readExport(snapshot, deviceKey, journal)).toBe(
      await frozenSha256('web01', snapshot, deviceKey),
    );
  });

  test('keeps its lease alive longer than the server would by itself', async () => {
    const { journal, take } = await setUp('web01');
    await using snapshot = await take();
    await lab.control('faults', {
      leaseTimeoutSeconds: 1,
      streams: [{ kind: 'slow', bytesPerSecond: 100_000, times: 1 }],
    });
    const deviceKey = snapshot.disks[0]!.deviceKey;
    const startedMs = clock.monotonicMs();
    expect(await readExport(snapshot, deviceKey, journal)).toBe(
      await frozenSha256('web01', snapshot, deviceKey),
    );
    expect(clock.monotonicMs() - startedMs).toBeGreaterThan(1_500);
  });

  test('left early gives its lease back', async () => {
    const { journal, take } = await setUp('web01');
    await using snapshot = await take();
    const stream = await openExport(snapshot, snapshot.disks[0]!.deviceKey, journal);
    for await (const block of stream.blocks(anySignal)) {
      expect(block.bytes.byteLength).toBeGreaterThan(0);
      break;
    }
    expect(await liveLeases()).toEqual([]);
    expect(journal.open.map(({ kind }) => kind)).toEqual(['snapshot']);
  });

  test('of a dead process is ended by its record', async () => {
    const { take } = await setUp('web01');
    await using snapshot = await take();
    const lease = await open.session.call('ExportSnapshot', snapshot.snapshot, {}, anySignal);
    const record = {
      kind: 'nfc-lease',
      vcenterId: '',
      vmName: 'web01',
      purpose: 'export',
      lease: lease.value,
    } as const;
    await abortLeftoverLease(open.session, record);
    await abortLeftoverLease(open.session, record);
    expect(await liveLeases()).toEqual([]);
  });
});

describe('an import', () => {
  test('stores every byte, and is the user’s after the commit', async () => {
    const { request, expected } = await importRequest('restored-1');
    const journal = memoryJournal();
    const progress: number[] = [];
    const imported = await importVirtualMachine(
      open.session,
      { ...request, onProgress: done => void progress.push(done) },
      deps(journal),
      anySignal,
    );
    expect(await tokenOf(imported.vm.value)).toBeTypeOf('string');
    expect(journal.open).toMatchObject([{ kind: 'imported-vm', vm: imported.vm.value }]);
    await imported.commit(anySignal);
    await imported[Symbol.asyncDispose]();
    expect(await tokenOf(imported.vm.value)).toBeUndefined();
    expect(journal.open).toEqual([]);
    expect(progress.at(-1)).toBe(request.disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    expect(progress).toEqual(progress.toSorted((left, right) => left - right));
    const { disks } = await readVirtualMachine(
      open.session,
      { ref: imported.vm, name: 'restored-1' },
      anySignal,
    );
    const stored = await Promise.all(
      disks.map(async ({ deviceKey }) => await sha256At('restored-1', deviceKey, undefined)),
    );
    expect(stored).toEqual(expected);
  });

  test('is the user’s once the server was told, although the commit is cancelled then', async () => {
    const { request } = await importRequest('restored-5');
    const journal = memoryJournal();
    const imported = await importVirtualMachine(open.session, request, deps(journal), anySignal);
    // Long enough for the cancellation to fall between the server's answer and the end of its task.
    await lab.control('faults', { ...noFaults, taskStepMs: 300 });
    const cancel = new AbortController();
    const committing = imported.commit(cancel.signal);
    setTimeout(() => {
      cancel.abort(new CancelledError());
    }, 150);
    await committing;
    await imported[Symbol.asyncDispose]();
    expect((await find('restored-5')).ref).toEqual(imported.vm);
    expect(await tokenOf(imported.vm.value)).toBeUndefined();
    expect(journal.open).toEqual([]);
  });

  test('that is cancelled before the server was told is destroyed', async () => {
    const { request } = await importRequest('restored-6');
    const journal = memoryJournal();
    const imported = await importVirtualMachine(open.session, request, deps(journal), anySignal);
    await expect(imported.commit(AbortSignal.abort(new CancelledError()))).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await imported[Symbol.asyncDispose]();
    await expect(find('restored-6')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(journal.open).toEqual([]);
  });

  test('that is not committed is destroyed', async () => {
    const { request } = await importRequest('restored-2');
    const journal = memoryJournal();
    {
      await using imported = await importVirtualMachine(open.session, request, deps(journal), anySignal);
      expect(imported.vm.type).toBe('VirtualMachine');
    }
    await expect(find('restored-2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(journal.open).toEqual([]);
  });

  test('whose source fails leaves nothing behind', async () => {
    const { request } = await importRequest('restored-3');
    const journal = memoryJournal();
    const disks = request.disks.map(disk => ({ ...disk, blocks: failing }));
    const importing = importVirtualMachine(open.session, { ...request, disks }, deps(journal), anySignal);
    await expect(importing).rejects.toThrow(/^the repository is gone$/);
    await expect(find('restored-3')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(journal.open).toEqual([]);
    expect(await liveLeases()).toEqual([]);
  });

  test.each([
    ['is cut', { kind: 'cut', afterBytes: 2_000_000 }, /the transfer failed/],
    ['stalls', { kind: 'stall', afterBytes: 2_000_000 }, /nothing has moved/],
    ['is refused at once', { kind: 'refuse', status: 503 }, /HTTP status 503/],
    ['is refused in the middle', { kind: 'refuse', status: 500, afterBytes: 2_000_000 }, /HTTP status 500/],
    ['is refused at its end', { kind: 'refuse', status: 507, afterBytes: 2 ** 50 }, /HTTP status 507/],
  ])('whose upload %s fails and leaves nothing behind', async (_, fault, says) => {
    const { request } = await importRequest('restored-7');
    const journal = memoryJournal();
    await lab.control('faults', { uploads: [{ ...fault, vm: 'restored-7' }] });
    const importing = importVirtualMachine(
      open.session,
      request,
      { ...deps(journal), stallTimeoutMs: 400 },
      anySignal,
    );
    await expect(importing).rejects.toMatchObject({
      code: 'UNREACHABLE',
      object: 'restored-7 Hard disk 1',
      message: expect.stringMatching(says) as string,
      retryable: true,
    });
    await expect(find('restored-7')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(journal.open).toEqual([]);
    expect(await liveLeases()).toEqual([]);
  });

  test('that is slow keeps its lease alive longer than the server would by itself, and is whole', async () => {
    const { request, expected } = await importRequest('restored-8');
    await lab.control('faults', {
      leaseTimeoutSeconds: 1,
      uploads: [{ kind: 'slow', afterBytes: 1_000_000, bytesPerSecond: 3_000_000 }],
    });
    const startedMs = clock.monotonicMs();
    await using imported = await importVirtualMachine(
      open.session,
      request,
      deps(memoryJournal()),
      anySignal,
    );
    await imported.commit(anySignal);
    expect(clock.monotonicMs() - startedMs).toBeGreaterThan(1_500);
    const { disks } = await readVirtualMachine(open.session, await find('restored-8'), anySignal);
    const stored = await Promise.all(
      disks.map(async ({ deviceKey }) => await sha256At('restored-8', deviceKey, undefined)),
    );
    expect(stored).toEqual(expected);
  });

  test('of a dead process is destroyed by its token alone', async () => {
    const { request } = await importRequest('restored-4');
    const journal = memoryJournal();
    const imported = await importVirtualMachine(open.session, request, deps(journal), anySignal);
    const [record] = journal.open as readonly ImportedVmRecord[];
    const other = { ...record!, token: 'another token' };
    await removeLeftoverImport(open.session, other, { clock, logger }, anySignal);
    expect((await find('restored-4')).ref).toEqual(imported.vm);
    const { kind, vcenterId, vmName, token } = record!;
    await removeLeftoverImport(
      open.session,
      { kind, vcenterId, vmName, token },
      { clock, logger },
      anySignal,
    );
    await expect(find('restored-4')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

async function setUp(name: string) {
  const journal = memoryJournal();
  const vm = await find(name);
  const take = async (over: SnapshotOptions = options, signal: AbortSignal = anySignal) =>
    await openSnapshot(open.session, vm, over, { journal, clock, random: systemRandom, logger }, signal);
  return { journal, vm, take };
}

function deps(journal: ReturnType<typeof memoryJournal>) {
  return { journal, clock, random: systemRandom, logger, endpoint: open.client };
}

async function find(name: string) {
  return await findVirtualMachine(open.session, name, anySignal);
}

async function snapshotsOf(name: string) {
  return (await readVirtualMachine(open.session, await find(name), anySignal)).snapshots;
}

async function openExport(
  { vm, snapshot, disks }: SnapshotLease,
  deviceKey: number,
  journal: ReturnType<typeof memoryJournal>,
  stallTimeoutMs = 60_000,
): Promise<DiskStream> {
  const request = { vmName: vm.name, snapshot, disks, deviceKey };
  return await openNfcExport(open.session, request, { ...deps(journal), stallTimeoutMs }, anySignal);
}

async function readExport(
  snapshot: SnapshotLease,
  deviceKey: number,
  journal: ReturnType<typeof memoryJournal>,
  stallTimeoutMs = 60_000,
): Promise<string> {
  await using stream = await openExport(snapshot, deviceKey, journal, stallTimeoutMs);
  return await sha256OfStream(stream);
}

async function sha256OfStream(stream: DiskStream): Promise<string> {
  return await sha256Of(stream.blocks(anySignal), stream.sizeBytes);
}

/** Of the whole disk: what the blocks leave out is zeros. */
async function sha256Of(blocks: AsyncIterable<DiskBlock>, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256');
  let positionBytes = 0;
  for await (const { offsetBytes, bytes } of blocks) {
    hash.update(new Uint8Array(offsetBytes - positionBytes));
    hash.update(bytes);
    positionBytes = offsetBytes + bytes.byteLength;
  }
  return hash.update(new Uint8Array(sizeBytes - positionBytes)).digest('hex');
}

async function frozenSha256(vm: string, { snapshot }: SnapshotLease, deviceKey: number): Promise<string> {
  const history = (await lab.control('snapshots')) as readonly {
    readonly snapshotId: string;
    readonly disks: readonly { readonly deviceKey: number; readonly position: number }[];
  }[];
  const record = history.find(({ snapshotId }) => snapshotId === snapshot.value);
  return await sha256At(vm, deviceKey, record?.disks.find(disk => disk.deviceKey === deviceKey)?.position);
}

async function sha256At(vm: string, deviceKey: number, position: number | undefined): Promise<string> {
  const query = position === undefined ? '' : `?position=${position}`;
  return ((await lab.control(`disks/${vm}/${deviceKey}/sha256${query}`)) as { sha256: string }).sha256;
}

async function liveLeases(): Promise<unknown[]> {
  const leases = (await lab.control('leases')) as readonly { readonly state: string }[];
  return leases.filter(({ state }) => state === 'ready' || state === 'initializing');
}

async function tokenOf(vm: string): Promise<unknown> {
  const { config } = await readVirtualMachine(
    open.session,
    { ref: { type: 'VirtualMachine', value: vm }, name: vm },
    anySignal,
  );
  return config.extraConfig?.find(({ key }) => key === restoreTokenKey)?.value;
}

/** A copy of db01 with other content. */
async function importRequest(name: string): Promise<{ request: ImportRequest; expected: string[] }> {
  const { session } = open;
  const facts = await readVirtualMachine(session, await find('db01'), anySignal);
  const ovfDisks = facts.disks.map(({ deviceKey, capacityBytes }) => ({
    deviceKey,
    capacityBytes,
    fileName: `disk-${deviceKey}.vmdk`,
  }));
  const created = await session.call(
    'CreateImportSpec',
    session.content.ovfManager!,
    {
      ovfDescriptor: ovfDescriptor(facts.config, name, ovfDisks),
      resourcePool: facts.resourcePool!.ref,
      datastore: facts.datastores[0]!.ref,
      cisp: { entityName: name, locale: '', deploymentOption: '' },
    },
    anySignal,
  );
  expect(created.error ?? []).toEqual([]);
  const disks = facts.disks.map(({ label, capacityBytes }, index) => ({
    deviceId: created.fileItem![index]!.deviceId,
    label,
    sizeBytes: capacityBytes,
    blocks: () => content(index, capacityBytes),
  }));
  return {
    request: {
      vmName: name,
      spec: created.importSpec as ImportRequest['spec'],
      resourcePool: facts.resourcePool!.ref,
      folder: facts.folder!.ref,
      disks,
    },
    expected: await Promise.all(disks.map(async disk => await sha256Of(disk.blocks(), disk.sizeBytes))),
  };
}

/** Every byte depends on its place, some blocks are left out, none is aligned to anything. */
async function* content(seed: number, sizeBytes: number): AsyncGenerator<DiskBlock> {
  const strideBytes = 3_000_017;
  for (let offsetBytes = 12_345; offsetBytes < sizeBytes; offsetBytes += strideBytes) {
    const bytes = new Uint8Array(Math.min(777_777, sizeBytes - offsetBytes));
    for (let index = 0; index < bytes.length; index += 1) {
      const place = offsetBytes + index;
      bytes[index] = (place ^ (place >>> 8) ^ (place >>> 16) ^ seed) & 0xff;
    }
    yield { offsetBytes, bytes };
  }
}

async function* failing(): AsyncGenerator<DiskBlock> {
  yield { offsetBytes: 0, bytes: new Uint8Array(65_536).fill(1) };
  throw new Error('the repository is gone');
}
