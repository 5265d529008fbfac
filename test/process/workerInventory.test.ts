import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { listedVms, pagesOfKeptVms, pagesOfVms } from '../../src/client/listedVms.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import {
  closeVCenter,
  openVCenter,
  vcenterChanged,
  type VCenterChangeDto,
} from '../../src/protocol/vcenter.ts';
import { type VmChangesDto, type VmDto, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';

const user = new WorkerUser(suiteFolder('wi'));
const keptFolder = join(user.folder, 'state', 'inventory');
let lab: RunningLab;
let client: WorkerClient;

beforeAll(async () => {
  lab = await RunningLab.start(['--profile', 'small', '--no-activity', '--generate', '450']);
  client = await user.connect();
  await user.openPlaces(client, lab);
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.sleep(50, anySignal);
}

const kept = () =>
  existsSync(keptFolder) ? readdirSync(keptFolder).filter(name => name.endsWith('.jsonl')) : [];
const idsOf = (vms: readonly { readonly id: string }[]) => vms.map(({ id }) => id).sort();
const isConfirmed = (vms: readonly VmDto[]) => vms.every(({ asOf }) => asOf === undefined);

test('a list of several pages holds every VM once', async () => {
  const pages: (readonly VmDto[])[] = [];
  for await (const page of pagesOfVms(client, { vcenter: 'lab' }, anySignal)) pages.push(page);
  expect(pages.length).toBeGreaterThan(2);
  expect(Math.max(...pages.map(page => page.length))).toBe(100);
  expect(idsOf(pages.flat())).toEqual(idsOf(await lab.vms()));
});

test('what was known last is shown at once by the next worker, said to be of then, and put right', async () => {
  await until(() => kept().length === 1);
  const path = join(keptFolder, kept()[0]!);
  for (const secret of user.secrets(lab)) expect(readFileSync(path, 'utf8')).not.toContain(secret);
  await user.kill(client);
  const [gone, off] = (await lab.vms()).filter(({ powerState }) => powerState === 'poweredOn');
  await lab.deleteVm(gone!.id);
  await lab.setVm(off!.id, { powerState: 'poweredOff' });

  client = await user.connect();
  const removed = new Set<string>();
  client.on(vmsChanged, (change: VmChangesDto) => change.removed.forEach(id => removed.add(id)));
  await user.openPlaces(client, lab);
  const first = await pagesOfVms(client, { vcenter: 'lab', atOnce: true }, anySignal).next();
  expect(first.value).toHaveLength(100);
  for (const { asOf, diskCount, connectionState } of first.value as readonly VmDto[]) {
    expect(Date.parse(asOf!)).toBeLessThan(systemClock.now().getTime());
    expect(diskCount > 0 || connectionState === 'inaccessible').toBe(true);
  }

  await until(async () => isConfirmed(await listedVms(client, 'lab', anySignal)));
  const vms = await listedVms(client, 'lab', anySignal);
  expect(idsOf(vms)).toEqual(idsOf(await lab.vms()));
  expect(vms.find(({ id }) => id === off!.id)).toMatchObject({ powerState: 'poweredOff' });
  await until(() => removed.has(gone!.id));
});

test('a worker that ends keeps what came last; a server that is closed is forgotten', async () => {
  const vm = (await lab.vms()).find(({ powerState }) => powerState === 'poweredOn')!;
  await lab.setVm(vm.id, { powerState: 'poweredOff' });
  const isOff = ({ id, powerState }: VmDto) => id === vm.id && powerState === 'poweredOff';
  await until(async () => (await listedVms(client, 'lab', anySignal)).some(isOff));
  process.kill(client.worker.processId, 'SIGTERM');
  await client.closed;
  await until(() => user.workers().length === 0);
  const line = readFileSync(join(keptFolder, kept()[0]!), 'utf8')
    .split('\n')
    .find(text => text.includes(`"value":"${vm.id}"`));
  expect(JSON.parse(line!)).toMatchObject({ ref: { value: vm.id }, powerState: 'poweredOff' });

  client = await user.connect();
  await user.openPlaces(client, lab);
  await listedVms(client, 'lab', anySignal);
  await client.request(closeVCenter, { name: 'lab' }, anySignal);
  expect(kept()).toEqual([]);
});

describe('a server that is not open after the worker was started', () => {
  const changes: VCenterChangeDto[] = [];
  const owner = () => {
    const { url, user: name, fingerprint } = lab.ready;
    return { url, user: name, fingerprint };
  };
  const open = async (password: string) =>
    await client.request(openVCenter, { name: 'lab', ...owner(), password, keepTrying: true }, anySignal);
  const right = () => readFileSync(lab.ready.passwordFile, 'utf8').trim();
  const keptVms = async (change: { readonly user?: string } = {}) => {
    const vms: VmDto[] = [];
    for await (const page of pagesOfKeptVms(client, { ...owner(), ...change }, anySignal)) vms.push(...page);
    return vms;
  };
  const listed = async () => await listedVms(client, 'lab', anySignal);

  beforeAll(async () => {
    await user.openPlaces(client, lab);
    await listed();
    await until(() => kept().length === 1);
  });
  beforeEach(async () => {
    process.kill(client.worker.processId, 'SIGTERM');
    await client.closed;
    await until(() => user.workers().length === 0);
    client = await user.connect();
    changes.length = 0;
    client.on(vcenterChanged, change => changes.push(change));
  });

  test('is shown as it was known last, with as of when, and is opened once it answers', async () => {
    const names = (await lab.vms()).map(({ name }) => name).sort();
    await lab.restart(3000);
    await expect(open(right())).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
    const vms = await keptVms();
    expect(vms.map(({ name }) => name).sort()).toEqual(names);
    expect(new Set(vms.map(({ id }) => id)).size).toBe(names.length);
    const [asOf, ...others] = new Set(vms.map(vm => vm.asOf));
    expect(others).toEqual([]);
    expect(Date.parse(asOf!)).toBeLessThan(systemClock.now().getTime());
    await expect(listed()).rejects.toMatchObject({ code: 'NOT_FOUND' });

    await until(() => changes.length > 0);
    expect(changes).toEqual([{ name: 'lab' }]);
    await until(async () => isConfirmed(await listed()));
    expect(idsOf(await listed())).toEqual(idsOf(vms));
  });

  test('is shown where the login is refused, and once it is accepted every client is told', async () => {
    await expect(open('wrong')).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    expect(await keptVms()).not.toEqual([]);
    expect(await keptVms({ user: 'other' })).toEqual([]);
    await open(right());
    await until(() => changes.length > 0);
    expect(changes).toEqual([{ name: 'lab' }]);
    await listed();
  });

  test('is forgotten when it is removed, and is tried no longer', async () => {
    await lab.restart(3000);
    await expect(open(right())).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await client.request(closeVCenter, { name: 'lab' }, anySignal);
    expect(kept()).toEqual([]);
    // It answers again.
    await until(
      async () =>
        await open(right()).then(
          () => true,
          () => false,
        ),
    );
    await listed();
  });
});
