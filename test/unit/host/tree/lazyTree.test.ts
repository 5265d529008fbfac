import { l10n, TreeItemCollapsibleState } from 'vscode';
import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { LazyTree } from '../../../../src/host/tree/lazyTree.ts';
import { PointSource } from '../../../../src/host/tree/pointSource.ts';
import { VmSource } from '../../../../src/host/tree/vmSource.ts';
import { listGuestFolder, listVolumes, unlockVolumes } from '../../../../src/protocol/guest.ts';
import { listPoints, type PointDto, readPoint } from '../../../../src/protocol/point.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { openVCenter } from '../../../../src/protocol/vcenter.ts';
import { listKeptVms, listVms } from '../../../../src/protocol/vm.ts';
import type { StandingDto } from '../../../../src/protocol/recovery.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, pointId, vmDto } from '../hostFixture.ts';

const vc = { name: 'vc.lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA' };

async function fixture() {
  const { host, worker } = hostFixture(new ScriptedUi([]));
  await host.known.saveVCenter(vc);
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  const { known, places, vmView, clock } = host;
  const standings = { of: () => new Map<string, StandingDto>(), follow: async () => await Promise.resolve() };
  const deps = { worker, known, places, vmView, standings, clock, logger: silentLogger, t: l10n.t };
  const failures: AppError[] = [];
  const source = new VmSource(deps);
  return {
    ...{ host, worker, failures },
    source,
    vms: new LazyTree(source, l10n.t, error => failures.push(error)),
    points: new LazyTree(new PointSource(deps), l10n.t, error => failures.push(error)),
  };
}

test('the roots are known without the worker', async () => {
  const { vms, points, worker } = await fixture();
  const [vcenter] = await vms.getChildren();
  const [repository] = await points.getChildren();
  expect([vcenter, repository].map(node => node !== undefined)).toEqual([true, true]);
  expect(vms.getTreeItem(vcenter!)).toMatchObject({
    id: 'vcenter/vc.lab',
    label: 'vc.lab',
    contextValue: 'vcenter',
    collapsibleState: TreeItemCollapsibleState.Expanded,
  });
  expect(points.getTreeItem(repository!)).toMatchObject({ label: 'main', description: '/backups/main' });
  expect(worker.asked).toEqual([]);
});

test('the VMs lie below their hosts if the user wants it so', async () => {
  const { host, vms, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.credentials.keep('repository/main', 'right');
  worker.on(listPoints, () => ({ sets: [], problems: [] })).on(listVms, () => ({ vms: [vmDto()] }));
  const top = async () => {
    const [vcenter] = await vms.getChildren();
    const [datacenter] = await vms.getChildren(vcenter);
    return (await vms.getChildren(datacenter)).map(node => vms.getTreeItem(node).label);
  };
  expect(await top()).toEqual(['Production']);
  await host.vmView.groupBy('hosts');
  expect(await top()).toEqual(['Cluster']);
});

test('what has changed is shown without asking anew; a refresh asks', async () => {
  const { host, vms, source, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.credentials.keep('repository/main', 'right');
  const first = vmDto({ inventoryPath: '/Lab/vm/web01' });
  const second = vmDto({ id: 'vm-2', name: 'web02', inventoryPath: '/Lab/vm/web02' });
  worker.on(listPoints, () => ({ sets: [], problems: [] })).on(listVms, () => ({ vms: [first] }));
  const shown = async () => {
    const [vcenter] = await vms.getChildren();
    const [folder] = await vms.getChildren(vcenter);
    return (await vms.getChildren(folder)).map(node => vms.getTreeItem(node));
  };
  const change = { vcenter: 'vc.lab', changed: [second], removed: [first.id] };
  // Nobody has looked at it yet.
  expect(source.apply(change)).toBe(false);
  expect((await shown()).map(({ label }) => label)).toEqual(['web01']);
  expect(source.apply({ ...change, removed: [] })).toBe(true);
  expect((await shown()).map(({ label }) => label)).toEqual(['web01', 'web02']);
  source.apply({ ...change, changed: [{ ...second, asOf: host.clock.now().toISOString() }] });
  expect(await shown()).toMatchObject([
    { label: 'web02', description: expect.stringMatching(/^as of \d\d:\d\d, not confirmed — /) as string },
  ]);
  expect(worker.paramsOf(listVms)).toEqual([{ vcenter: 'vc.lab', atOnce: true }]);
  source.forget();
  expect((await shown()).map(({ label }) => label)).toEqual(['web01']);
  expect(worker.paramsOf(listVms)).toHaveLength(2);
  // Its certificate has changed, say: what was known is not shown any more, and the next look tells why.
  expect(source.apply({ vcenter: 'vc.lab', changed: [], removed: [], isLost: true })).toBe(true);
  worker.on(listVms, () => {
    throw new AppError('UNTRUSTED_SERVER', 'vc.lab presented the certificate BB, expected AA');
  });
  const [lost] = await vms.getChildren();
  const [failure] = await vms.getChildren(lost);
  expect(vms.getTreeItem(failure!)).toMatchObject({
    label: 'Certificate changed',
    command: { title: 'Accept the New Certificate…' },
  });
});

test('what changes while a list is still coming is not lost, and nothing is shown of it before it is whole', async () => {
  const { host, vms, worker, source } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  const first = vmDto({ inventoryPath: '/Lab/vm/web01' });
  const second = vmDto({ id: 'vm-2', name: 'web02', inventoryPath: '/Lab/vm/web02' });
  worker
    .on(listPoints, () => ({ sets: [], problems: [] }))
    .on(listVms, ({ after }) => {
      if (after === undefined) return { vms: [first], next: 'vm-1' };
      const change = { vcenter: 'vc.lab', changed: [{ ...first, name: 'renamed' }], removed: [] };
      expect(source.apply(change)).toBe(false);
      return { vms: [second] };
    });
  const [vcenter] = await vms.getChildren();
  const [folder] = await vms.getChildren(vcenter);
  const rows = await vms.getChildren(folder);
  expect(rows.map(node => vms.getTreeItem(node).label)).toEqual(['renamed', 'web02']);
});

test('an account that sees no VM is told so, with what to do', async () => {
  const { host, vms, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.credentials.keep('repository/main', 'right');
  worker.on(listPoints, () => ({ sets: [], problems: [] })).on(listVms, () => ({ vms: [] }));
  const [vcenter] = await vms.getChildren();
  const [row, ...others] = await vms.getChildren(vcenter);
  expect(others).toEqual([]);
  expect(vms.getTreeItem(row!)).toMatchObject({
    id: 'vcenter/vc.lab/remark',
    label: expect.stringMatching(/No VM that admin may see\. Grant/) as string,
  });
});

test('a password that is not kept is a row that asks for it', async () => {
  const { vms, failures } = await fixture();
  const [vcenter] = await vms.getChildren();
  const [row, ...others] = await vms.getChildren(vcenter);
  expect(others).toEqual([]);
  expect(vms.getTreeItem(row!)).toMatchObject({
    id: 'vcenter/vc.lab/failure',
    label: 'Password needed',
    command: { command: 'quiesce.enterPassword', arguments: [vcenter] },
  });
  expect(failures).toMatchObject([{ code: 'AUTHENTICATION' }]);
});

test('a server that does not answer is a row that says why', async () => {
  const { vms, host, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  worker.on(openVCenter, () => {
    throw new AppError('UNREACHABLE', 'vc.lab does not answer', { remedy: 'Look at the network' });
  });
  const [vcenter] = await vms.getChildren();
  const [row] = await vms.getChildren(vcenter);
  expect(vms.getTreeItem(row!)).toMatchObject({
    label: 'Not available',
    description: 'vc.lab does not answer',
    command: { command: 'quiesce.refresh' },
  });
});

test('the VMs of a server that cannot be opened are shown as they were last, below the reason, until it is', async () => {
  const { vms, source, host, worker, failures } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  const asOf = host.clock.now().toISOString();
  const web = vmDto({ inventoryPath: '/Lab/vm/web01' });
  const unreachable = new AppError('UNREACHABLE', 'vc.lab does not answer', { retryable: true });
  worker
    .on(openVCenter, () => {
      throw unreachable;
    })
    .on(listPoints, () => ({ sets: [], problems: [] }))
    .on(listKeptVms, ({ after }) =>
      after === undefined
        ? { vms: [{ ...web, asOf }], next: 'vm-1' }
        : { vms: [vmDto({ id: 'vm-2', name: 'web02', inventoryPath: '/Lab/vm/web02', asOf })] },
    )
    .on(listVms, () => ({ vms: [web] }));
  const told = new Promise<void>(resolve => source.onDidChange(resolve));
  const shown = async () => {
    const [vcenter] = await vms.getChildren();
    const rows = await vms.getChildren(vcenter);
    const below = await vms.getChildren(rows.at(-1));
    return [vcenter!, ...rows, ...below].map(node => {
      const { label, description } = vms.getTreeItem(node);
      return [label, description];
    });
  };
  await shown();
  await told;
  const notConfirmed = expect.stringMatching(/^as of \d\d:\d\d, not confirmed — /) as string;
  expect(await shown()).toEqual([
    ['vc.lab', 'not connected'],
    ['Not available', 'vc.lab does not answer'],
    ['Lab', undefined],
    ['web01', notConfirmed],
    ['web02', notConfirmed],
  ]);
  expect(worker.paramsOf(openVCenter)).toMatchObject([{ keepTrying: true }]);
  expect(failures).toEqual([]);

  // Its login is refused now, which the worker does not repeat.
  const problem = { code: 'AUTHENTICATION', message: 'no', retryable: false, causes: [] } as const;
  expect(source.vcenterChanged({ name: 'vc.lab', problem })).toBe(true);
  expect((await shown())[1]).toEqual(['Password needed', 'no']);
  worker.on(openVCenter, params => ({
    ...{ ...params, instanceUuid: 'u', product: 'p', apiVersion: '8.0' },
    capabilities: [{ id: 'tags', isAvailable: false, since: '6.5', needsVCenter: true }],
  }));
  expect(source.vcenterChanged({ name: 'vc.lab' })).toBe(true);
  expect(source.vcenterChanged({ name: 'vc.lab' })).toBe(false);
  expect((await shown()).map(([label]) => label)).toEqual(['vc.lab', 'Lab', 'web01']);
  const [open] = await vms.getChildren();
  const { tooltip } = vms.getTreeItem(open!) as { tooltip: { value: string } };
  expect(tooltip.value).toContain('It lacks\\: tags');
  expect(worker.paramsOf(openVCenter)).toHaveLength(2);
});

test('while a server is slow to answer, its VMs are there as they were last; another certificate takes them away', async () => {
  const { vms, source, host, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  const asOf = host.clock.now().toISOString();
  worker.on(listKeptVms, () => ({ vms: [vmDto({ inventoryPath: '/Lab/vm/web01', asOf })] }));
  // That there are no restore points, and that it is another server.
  let toldCount = 0;
  const told = new Promise<void>(resolve =>
    source.onDidChange(() => {
      toldCount += 1;
      if (toldCount === 2) resolve();
    }),
  );
  let refuse: (reason: AppError) => void = () => undefined;
  const slow = new Promise<never>((_, reject) => (refuse = reject));
  const request = worker.request.bind(worker);
  worker.request = async (type, params, signal) =>
    type.method === openVCenter.method ? await slow : await request(type, params, signal);
  const labels = async () => {
    const [vcenter] = await vms.getChildren();
    return (await vms.getChildren(vcenter)).map(node => vms.getTreeItem(node).label);
  };
  expect(await labels()).toEqual(['Lab']);
  refuse(new AppError('UNTRUSTED_SERVER', 'vc.lab presented the certificate BB, expected AA'));
  await told;
  expect(await labels()).toEqual(['Certificate changed']);
});

test('a server with another certificate is a row that leads to accepting it', async () => {
  const { vms, host, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  worker.on(openVCenter, () => {
    throw new AppError('UNTRUSTED_SERVER', 'vc.lab presented the certificate AA:BB, expected 11:22');
  });
  const [vcenter] = await vms.getChildren();
  const [row] = await vms.getChildren(vcenter);
  expect(vms.getTreeItem(row!)).toMatchObject({
    label: 'Certificate changed',
    description: 'vc.lab presented the certificate AA:BB, expected 11:22',
    command: { command: 'quiesce.addVCenter', arguments: [vcenter] },
  });
});

test('a VM shows the newest restore point of all repositories; one that is locked is left out', async () => {
  const { vms, host, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.credentials.keep('repository/main', 'secret');
  await host.known.saveRepository({ name: 'locked', location: '/backups/locked' });
  const point = { id: pointId, vmName: 'web01', serverInstanceUuid: 's', proven: 'filesystem' } as const;
  worker.on(listVms, () => ({ vms: [vmDto({ inventoryPath: '/Lab/vm/web01' })] }));
  worker.on(listPoints, () => ({
    sets: [
      {
        vmInstanceUuid: 'uuid-web01',
        vmName: 'web01',
        points: [
          { ...point, takenAt: '2026-03-01T10:00:00Z' },
          { ...point, takenAt: '2026-02-01T10:00:00Z' },
        ],
      },
    ],
    problems: [],
  }));
  const [vcenter] = await vms.getChildren();
  const [folder] = await vms.getChildren(vcenter);
  const [vm] = await vms.getChildren(folder);
  expect(vms.getTreeItem(vm!).description).toBe('filesystem · FIFREEZE — proven filesystem · 2 h ago');
});

test('names from outside are shown as text, not as markup', async () => {
  const { vms, host, worker } = await fixture();
  await host.credentials.keep('vcenter/vc.lab', 'right');
  const name = '[x](command:evil) **b**';
  worker.on(listVms, () => ({ vms: [vmDto({ name, inventoryPath: '/Lab/vm/x' })] }));
  const [vcenter] = await vms.getChildren();
  const [folder] = await vms.getChildren(vcenter);
  const [vm] = await vms.getChildren(folder);
  const { tooltip } = vms.getTreeItem(vm!) as { tooltip: { value: string } };
  expect(tooltip.value).toContain('\\[x\\]\\(command\\:evil\\) \\*\\*b\\*\\*');
});

test('a repository without restore points says what makes one; damaged ones are told beside the others', async () => {
  const { points, host, worker } = await fixture();
  await host.credentials.keep('repository/main', 'secret');
  worker.on(listPoints, () => ({ sets: [], problems: [] }));
  const [repository] = await points.getChildren();
  const [remark] = await points.getChildren(repository);
  expect(points.getTreeItem(remark!).label).toBe(
    'No restore points yet. "Back Up Now" on a VM makes the first one',
  );
  const problem = {
    code: 'CORRUPT_DATA',
    message: 'snapshot 1a is damaged',
    retryable: false,
    causes: [],
  } as const;
  worker.on(listPoints, () => ({ sets: [], problems: [problem] }));
  const [damaged] = await points.getChildren(repository);
  expect(points.getTreeItem(damaged!)).toMatchObject({
    label: 'Snapshot 1a is damaged.',
    iconPath: { id: 'warning' },
  });
});

test('an encrypted volume is a lock that asks for its passphrase, and is opened with the one that is kept', async () => {
  const { host, points, worker } = await fixture();
  await host.credentials.keep('repository/main', 'right');
  const volume = (volumeIndex: number, kind: string, title: string) => ({
    ...{ volumeIndex, name: '', role: 'data', offsetBytes: 0, sizeBytes: 1024 },
    content: { kind, title },
  });
  const diskWith = (...volumes: readonly ReturnType<typeof volume>[]) => ({
    ...{ deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024, scheme: 'none' as const, problems: [] },
    ...{ fileName: '[ds] a.vmdk', volumes },
  });
  const closed = diskWith(volume(0, 'luks', 'LUKS encryption'));
  const opened = diskWith(volume(0, 'member', 'LUKS encryption, opened below'), volume(1001, 'ext', 'ext4'));
  const summary = { id: pointId, takenAt: '2026-03-01T09:00:00Z', vmName: 'web01', serverInstanceUuid: 's' };
  worker
    .on(listPoints, () => ({
      sets: [{ vmInstanceUuid: 'u', vmName: 'web01', points: [summary] }],
      problems: [],
    }))
    .on(listVolumes, () => ({ disks: [closed] }))
    .on(readPoint, () => ({ id: pointId, vm: { instanceUuid: 'u', name: 'web01' } }) as PointDto)
    .on(listGuestFolder, () => {
      throw new AppError('UNSUPPORTED_FORMAT', 'the volume is encrypted');
    })
    .on(unlockVolumes, ({ passphrase }) => {
      if (passphrase !== 'right') throw new AppError('AUTHENTICATION', 'it opens none');
      return { disks: [opened] };
    });
  const volumes = async () => {
    let [node] = await points.getChildren();
    for (let level = 0; level < 3; level += 1) [node] = await points.getChildren(node);
    return await points.getChildren(node);
  };
  const views = async () => (await volumes()).map(node => points.getTreeItem(node).contextValue);
  expect(await views()).toEqual(['volume;locked']);
  const [failure] = await points.getChildren((await volumes())[0]);
  expect(points.getTreeItem(failure!).command?.command).toBe('quiesce.unlockVolumes');

  await host.credentials.keep('volumes/u', 'of another day');
  expect(await views()).toEqual(['volume;locked']);
  await host.credentials.keep('volumes/u', 'right');
  expect(await views()).toEqual(['volume', 'volume']);
});
