import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { dayMs, hourMs } from '../../src/base/units.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import { connectVCenter, type VCenterConnection } from '../../src/core/vsphere/node/connectVCenter.ts';
import { anySignal } from '../support/anySignal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';

interface SeenSnapshot {
  readonly vm: string;
  readonly snapshot: string;
  readonly verdict: string;
  readonly outcome: string;
  readonly job?: string;
  readonly installation?: string;
  readonly writtenBytes?: number;
  readonly bytesPerDay?: number;
}

interface Seen {
  readonly leftovers: readonly { readonly kind: string; readonly outcome: string }[];
  readonly servers: readonly {
    readonly snapshots: readonly SeenSnapshot[];
    readonly toConsolidate: readonly { readonly vm: string; readonly unneededBytes?: number }[];
    readonly datastores: readonly { readonly name: string; readonly fullInMs: number }[];
  }[];
}

describe('two installations with state folders of their own on one vCenter', () => {
  const folder = suiteFolder('snapshot-guardian');
  const one = new QuiesceCli(join(folder, 'one'));
  const other = new QuiesceCli(join(folder, 'other'));
  let lab: RunningLab;
  let server: VCenterConnection;

  beforeAll(async () => {
    lab = await RunningLab.start();
    server = await logIn(lab);
    await one.setUp(lab);
    await other.setUp(lab);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function guard(cli: QuiesceCli, ...options: readonly string[]): Promise<Seen> {
    return (await cli.json('guard', ...options)) as Seen;
  }

  /** What the guard says of snapshots: VM, verdict and outcome of each. */
  async function told(cli: QuiesceCli, ...options: readonly string[]): Promise<readonly string[]> {
    return (await guard(cli, ...options)).servers.flatMap(({ snapshots }) =>
      snapshots.map(({ vm, verdict, outcome }) => `${vm} ${verdict} ${outcome}`),
    );
  }

  async function left(): Promise<readonly string[]> {
    return (await lab.vms()).flatMap(({ name, snapshots }) => snapshots.map(() => name)).sort();
  }

  /** A backup that stands still in the middle of a disk, its snapshot open. */
  async function backupInMidst(cli: QuiesceCli, vm: string) {
    const before = (await lab.openLeases()).length;
    await lab.setFaults({ holdStreamsAfterBytes: 1000 });
    const backup = cli.start('backup', vm);
    await expect.poll(async () => (await lab.openLeases()).length, { timeout: 20_000 }).toBe(before + 1);
    return backup;
  }

  async function takeByHand(vm: string, description: string): Promise<void> {
    const { session } = server;
    const { ref, name } = await findVirtualMachine(session, vm, anySignal);
    const args = { name: 'by hand', description, memory: false, quiesce: false };
    const task = await session.call('CreateSnapshot_Task', ref, args, anySignal);
    await waitForTask(session, task, { what: 'creating', object: name }, anySignal);
  }

  test('neither removes the other’s live snapshot, nor one of its own', async () => {
    const ones = await backupInMidst(one, 'web01');
    const others = await backupInMidst(other, 'db01');
    expect(await told(one)).toEqual(expect.arrayContaining(['web01 live kept', 'db01 other kept']));
    expect(await told(other)).toEqual(expect.arrayContaining(['web01 other kept', 'db01 live kept']));
    expect(await told(other, '--remove-expired')).toHaveLength(2);
    expect(await left()).toEqual(['db01', 'web01']);
    await lab.setFaults({ holdStreamsAfterBytes: null });
    expect((await ones.result).code).toBe(0);
    expect((await others.result).code).toBe(0);
    expect(await left()).toEqual([]);
  });

  test('a dead one’s is reported by the other, and removed by its own at the next start', async () => {
    const { child, result } = await backupInMidst(one, 'web01');
    child.kill('SIGKILL');
    await result;
    await lab.setFaults({ holdStreamsAfterBytes: null });
    const { servers } = await guard(other, '--remove-expired');
    const [seen] = servers.flatMap(({ snapshots }) => snapshots);
    expect(seen).toMatchObject({ vm: 'web01', verdict: 'other', outcome: 'kept' });
    expect(seen?.installation).toBe(installationOf(one));
    expect(seen?.job).toMatch(/^cli-[0-9a-f]{12}$/);
    expect((await guard(one, '--plan')).leftovers.map(({ kind }) => kind)).toContain('snapshot');
    expect(await left()).toEqual(['web01']);
    const { leftovers } = await guard(one);
    expect(leftovers.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
    expect(await left()).toEqual([]);
  });

  test('one whose journal is lost goes as an orphan, but not while a record cannot be read', async () => {
    const { child, result } = await backupInMidst(one, 'web01');
    child.kill('SIGKILL');
    await result;
    await lab.setFaults({ holdStreamsAfterBytes: null });
    await lab.control('POST', 'clock', { advanceMs: 10 * 60_000 });
    const owners = join(one.folder, 'state', 'journal', 'owners');
    rmSync(owners, { recursive: true });
    expect(await told(one, '--plan')).toEqual(['web01 orphan kept']);
    const damaged = join(owners, 'somebody');
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'lease.json'), '{');
    const refused = await one.run('guard', '--json');
    expect(refused.code).toBe(13);
    expect(refused.stdout.toString()).toContain('"outcome": "failed"');
    expect(await left()).toEqual(['web01']);
    rmSync(damaged, { recursive: true });
    expect(await told(one)).toEqual(['web01 orphan removed']);
    expect(await left()).toEqual([]);
    expect(readdirSync(owners)).toEqual([]);
  });

  test('an expired one goes if somebody agrees, and a copy of its description stays', async () => {
    const { child, result } = await backupInMidst(other, 'web01');
    child.kill('SIGKILL');
    await result;
    await lab.setFaults({ holdStreamsAfterBytes: null });
    const [taken] = (await lab.snapshots()).slice(-1);
    await takeByHand('db01', taken?.description ?? '');
    await lab.control('POST', 'clock', { advanceMs: 49 * hourMs });
    expect([...(await told(one))].sort()).toEqual(['db01 recent kept', 'web01 expired kept']);
    expect((await one.ok('guard', '--plan')).toString()).toContain('--remove-expired removes it');
    expect(await left()).toEqual(['db01', 'web01']);
    expect([...(await told(one, '--remove-expired'))].sort()).toEqual([
      'db01 recent kept',
      'web01 expired removed',
    ]);
    expect(await left()).toEqual(['db01']);
    // Its own journal still knows it; it finds out that it is gone.
    await other.ok('guard');
    expect(await left()).toEqual(['db01']);
  });

  test('no snapshot is taken of a VM whose datastore is nearly full; those it has are told', async () => {
    const before = (await lab.snapshots()).length;
    await lab.setFaults({ datastoreFreeBytes: { datastore1: 500_000_000 } });
    const { code, stderr } = await one.run('backup', 'db01', '--level', 'crash');
    expect({ code, stderr }).toMatchObject({
      code: 11,
      stderr: expect.stringContaining('the datastore datastore1 has 477 MiB left') as string,
    });
    expect(await lab.snapshots()).toHaveLength(before);
    await lab.clearFaults();
    const enough = await one.run('backup', 'db01', '--level', 'crash', '--verbose');
    expect(enough.code).toBe(0);
    expect(enough.stderr).toMatch(/the VM has snapshots already.*"?count"?[=:] ?1/);
  });

  test('warns of old snapshots with their growth, and of disks that need consolidation', async () => {
    await takeByHand('archive01', 'before the update');
    await lab.setActivity(false);
    await lab.burst('archive01', 2000, { bytes: 3_000_000 });
    await lab.control('POST', 'clock', { advanceMs: 3 * dayMs });
    await lab.setVm('web01', { consolidationNeeded: true });
    const { servers } = await guard(one);
    const old = servers.flatMap(({ snapshots }) => snapshots).find(({ vm }) => vm === 'archive01');
    expect(old).toMatchObject({ verdict: 'old', outcome: 'kept' });
    expect(old?.writtenBytes).toBeGreaterThanOrEqual(3_000_000);
    expect(old?.writtenBytes).toBeLessThan(12_000_000);
    // Within the seconds that pass in the lab besides.
    expect((old?.bytesPerDay ?? 0) / ((old?.writtenBytes ?? 1) / 3)).toBeCloseTo(1, 2);
    expect(servers.flatMap(({ toConsolidate }) => toConsolidate.map(({ vm }) => vm))).toEqual(['web01']);
    expect(servers.flatMap(({ datastores }) => datastores.map(({ fullInMs }) => fullInMs > 0))).toContain(
      true,
    );
    const text = (await one.ok('guard')).toString();
    expect(text).toContain('archive01: by hand');
    expect(text).toContain('web01 needs consolidation');
    expect((await guard(one, '--old-after', '100')).servers[0]?.snapshots).toContainEqual(
      expect.objectContaining({ vm: 'archive01', verdict: 'recent' }),
    );
  });
});

function installationOf({ folder }: QuiesceCli): string {
  const text = readFileSync(join(folder, 'state', 'journal', 'installation.json'), 'utf8');
  return (JSON.parse(text) as { readonly installationId: string }).installationId;
}

async function logIn({ ready }: RunningLab): Promise<VCenterConnection> {
  const password = readFileSync(ready.passwordFile, 'utf8').trim();
  const { url, fingerprint, user } = ready;
  const address = { name: 'lab', url, fingerprint, user, source: heldPassword(new Secret(password)) };
  return await connectVCenter(address, { clock: systemClock, logger: silentLogger }, anySignal);
}
