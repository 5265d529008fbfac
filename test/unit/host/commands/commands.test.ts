import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { backUpGroup } from '../../../../src/host/commands/backupGroup.ts';
import { backUpNow } from '../../../../src/host/commands/backups.ts';
import { openRestoreBrowser } from '../../../../src/host/commands/openRestoreBrowser.ts';
import { checkRepository } from '../../../../src/host/commands/checkRepository.ts';
import {
  createRepository,
  openRepository as openRepositoryCommand,
} from '../../../../src/host/commands/repositories.ts';
import { restoreGuestFile } from '../../../../src/host/commands/restoreFiles.ts';
import { addVCenter, normalUrl, removeVCenter } from '../../../../src/host/commands/vcenters.ts';
import { quiescedOrAsk } from '../../../../src/host/model/backupPolicies.ts';
import type { PointTreeNode } from '../../../../src/host/model/pointTreeModel.ts';
import { listGuestFolder, listVolumes, unlockVolumes } from '../../../../src/protocol/guest.ts';
import { startBackup, startCheck, startFileRestore, startGroupBackup } from '../../../../src/protocol/job.ts';
import { planFileRestore } from '../../../../src/protocol/plan.ts';
import { listPoints, type PointDto, readPoint } from '../../../../src/protocol/point.ts';
import { createRepository as createRequest, openRepository } from '../../../../src/protocol/repository.ts';
import { closeVCenter, openVCenter, readFingerprint } from '../../../../src/protocol/vcenter.ts';
import { listVms } from '../../../../src/protocol/vm.ts';
import type { BrowserTarget } from '../../../../src/protocol/webview/restoreBrowser.ts';
import { unlockEncryptedVolumes } from '../../../../src/host/commands/unlockVolumes.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { guestNode, hostFixture, memorySecrets, pointId, vmDto } from '../hostFixture.ts';

const signal = AbortSignal.any([]);
const vc = { name: 'vc.lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA:BB' };

test('a vCenter is added after its fingerprint was shown and its login has worked', async () => {
  const ui = new ScriptedUi([
    { type: 'not an address' },
    { type: 'vc.lab' },
    { pick: 'Trust this certificate' },
    { type: 'admin' },
    { type: 'wrong' },
    { type: 'right' },
  ]);
  const { host, worker } = hostFixture(ui);
  worker.on(readFingerprint, () => ({ fingerprint: 'AA:BB' }));
  worker.on(openVCenter, params => {
    if (params.password !== 'right') throw new AppError('AUTHENTICATION', 'wrong password');
    return { ...vc, instanceUuid: 'u', product: 'p', apiVersion: '8' };
  });
  await addVCenter(host);
  expect(ui.left).toBe(0);
  expect(ui.refused).toEqual([
    'Enter an address like https://vcenter.example.com',
    'AppError: wrong password',
  ]);
  expect(worker.paramsOf(openVCenter).at(-1)).toEqual({ ...vc, password: 'right' });
  expect(host.known.vcenters()).toEqual([vc]);
  expect(await host.credentials.find('vcenter/vc.lab', signal)).toBe('right');
});

test('a changed fingerprint is said, with the one that was pinned', async () => {
  const ui = new ScriptedUi([{ type: vc.url }, 'cancel']);
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ ...vc, fingerprint: '11:22' });
  worker.on(readFingerprint, () => ({ fingerprint: 'AA:BB' }));
  await expect(addVCenter(host)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(ui.shown.at(-1)).toBe(
    '2/4 ← The certificate of https://vc.lab has CHANGED. Pinned until now: 11:22',
  );
  expect(host.known.vcenters()[0]?.fingerprint).toBe('11:22');
  expect(worker.paramsOf(openVCenter)).toEqual([]);
});

test('a secret storage that loses what it takes is told, with the way out', async () => {
  const ui = new ScriptedUi([
    { type: vc.url },
    { pick: 'Trust this certificate' },
    { type: 'admin' },
    { type: 'right' },
  ]);
  const { host, worker } = hostFixture(ui, memorySecrets(false));
  worker.on(readFingerprint, () => ({ fingerprint: 'AA:BB' }));
  await addVCenter(host);
  expect(host.known.vcenters()).toEqual([vc]);
  expect(ui.told).toEqual([
    { severity: 'warning', message: expect.stringContaining('quiesce.passwordCommands') as string },
  ]);
});

test.each([
  ['vc.lab', 'https://vc.lab'],
  [' https://vc.lab/ui/ ', 'https://vc.lab'],
  ['vc.lab:8443', 'https://vc.lab:8443'],
  ['http://vc.lab', undefined],
  ['https://me:secret@vc.lab', undefined],
  ['', undefined],
])('the address %j is %s', (text, expected) => {
  expect(normalUrl(text)).toBe(expected);
});

test('a vCenter with a running job is not removed; one that is not open is', async () => {
  const ui = new ScriptedUi([]);
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter(vc);
  await host.credentials.keep('vcenter/vc.lab', 'right');
  const row = { kind: 'vcenter', name: vc.name, url: vc.url } as const;
  worker.on(closeVCenter, () => {
    throw new AppError('CONFLICT', 'a backup uses it');
  });
  await expect(removeVCenter(host, row)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(host.known.vcenters()).toEqual([vc]);
  worker.on(closeVCenter, () => {
    throw new AppError('NOT_FOUND', 'it is not open');
  });
  await removeVCenter(host, row);
  expect(host.known.vcenters()).toEqual([]);
  expect(await host.credentials.find('vcenter/vc.lab', signal)).toBeUndefined();
});

test('a repository is created when both passwords agree', async () => {
  const ui = new ScriptedUi([
    { pick: 'Folder' },
    { type: 'relative' },
    { type: '/backups/main/' },
    { type: 'secret' },
    { type: 'other' },
    { type: 'secret' },
  ]);
  const { host, worker } = hostFixture(ui);
  worker.on(createRequest, ({ name, location }) => ({ name, location, id: 'i' }));
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  await createRepository(host);
  expect(ui.refused).toEqual(['Enter an absolute path', 'The two passwords differ']);
  expect(worker.paramsOf(createRequest)).toEqual([
    { name: 'main', location: '/backups/main', password: 'secret' },
  ]);
  expect(host.known.repositories()).toEqual([{ name: 'main', location: '/backups/main' }]);
});

test('a repository in an object store is created with its account, which is kept with the secrets alone', async () => {
  const ui = new ScriptedUi([
    { pick: 'S3-compatible object store' },
    { type: 'https://key:secret@s3.example/bucket' },
    { type: 'https://s3.example' },
    { type: 'https://s3.example/bucket/vms/' },
    { type: 'KEYID' },
    { type: 'secret/key' },
    { type: 'token' },
    { type: 'eu-central-1' },
    { type: 'ca.pem' },
    { type: '/etc/ca.pem' },
    { type: 'secret' },
    { type: 'secret' },
  ]);
  const { host, worker } = hostFixture(ui);
  worker.on(createRequest, ({ name, location }) => ({ name, location, id: 'i' }));
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  await createRepository(host);
  expect(ui.refused).toEqual([
    'Leave name and password out of the address',
    'The bucket is missing',
    'Enter an absolute path',
  ]);
  const known = {
    ...{ name: 'vms', location: 's3:https://s3.example/bucket/vms' },
    ...{ region: 'eu-central-1', caFile: '/etc/ca.pem' },
  };
  const { region, caFile, ...place } = known;
  const server = { account: 'KEYID:secret/key:token', region, caFile };
  const params = { ...place, password: 'secret', server };
  expect(worker.paramsOf(createRequest)).toEqual([params]);
  expect(host.known.repositories()).toEqual([known]);
  // The question of its recovery kit comes next, and finds both secrets.
  expect(worker.paramsOf(openRepository)).toEqual([params]);
});

test('a repository on a REST server that asks for nobody needs no account', async () => {
  const ui = new ScriptedUi([
    { pick: "restic's REST server" },
    { type: 'https://backup.example:8000/vms/' },
    { type: '' },
    { type: '' },
    { type: 'secret' },
  ]);
  const { host, worker } = hostFixture(ui);
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  await openRepositoryCommand(host);
  const known = { name: 'vms', location: 'rest:https://backup.example:8000/vms' };
  expect(worker.paramsOf(openRepository)).toEqual([{ ...known, password: 'secret', server: {} }]);
  expect(host.known.repositories()).toEqual([known]);
  expect(await host.credentials.find('store/vms', signal)).toBeUndefined();
});

async function withPlaces(ui: ScriptedUi) {
  const fixture = hostFixture(ui);
  const { host, worker } = fixture;
  await host.known.saveVCenter(vc);
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('repository/main', 'secret');
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  return fixture;
}

test('a backup from the palette asks for the VM and its consistency only', async () => {
  const ui = new ScriptedUi([{ pick: 'web01' }, { pick: 'Quiesced' }]);
  const { host, worker } = await withPlaces(ui);
  worker.on(listVms, () => ({ vms: [vmDto({ id: 'vm-0', name: 'db01' }), vmDto()] }));
  worker.on(startBackup, () => ({ jobId: 'j1' }));
  await backUpNow(host, []);
  expect(worker.paramsOf(startBackup)).toEqual([
    { vm: { vcenter: 'vc.lab', id: 'vm-1', name: 'web01' }, repository: 'main', policy: quiescedOrAsk },
  ]);
  expect(ui.shown).toEqual([
    '1/3 Virtual machine',
    '2/2 ← How consistent shall the restore point of web01 be?',
  ]);
});

test.each([
  ['Quick', false],
  ['Read everything', true],
])('a check of the only repository asks how much is read: %s', async (pick, readData) => {
  const ui = new ScriptedUi([{ pick }]);
  const { host, worker } = await withPlaces(ui);
  worker.on(startCheck, () => ({ jobId: 'j1' }));
  await checkRepository(host, undefined);
  expect(ui.shown).toEqual(['1/1 How much of main shall be read?']);
  expect(worker.paramsOf(startCheck)).toEqual([{ repository: 'main', readData }]);
});

test('several VMs that are off are backed up without a question', async () => {
  const { host, worker } = await withPlaces(new ScriptedUi([]));
  worker.on(startBackup, () => ({ jobId: 'j1' }));
  const off = ['vm-1', 'vm-2'].map(
    id =>
      ({
        kind: 'vm',
        vcenter: vc.name,
        newest: undefined,
        vm: vmDto({ id, powerState: 'poweredOff' }),
      }) as const,
  );
  await backUpNow(host, off);
  expect(worker.paramsOf(startBackup).map(({ vm, policy }) => [vm.id, policy])).toEqual([
    ['vm-1', quiescedOrAsk],
    ['vm-2', quiescedOrAsk],
  ]);
});

test('a group is chosen in the tree or from a list, named or not, and its VMs are of one vCenter', async () => {
  const node = (id: string, name: string, vcenter = vc.name) =>
    ({ kind: 'vm', vcenter, newest: undefined, vm: vmDto({ id, name }) }) as const;
  const [web, db] = [node('vm-1', 'web01'), node('vm-2', 'db01')];
  const ui = new ScriptedUi([
    { type: 'shop ' },
    { pick: 'Quiesced' },
    { pickMany: ['web01', 'db01'] },
    { type: '' },
    { pick: 'Crash-consistent' },
    { pickMany: ['web01'] },
  ]);
  const { host, worker } = await withPlaces(ui);
  worker.on(listVms, () => ({ vms: [web.vm, db.vm, vmDto({ id: 'vm-3', name: 'build01' })] }));
  worker.on(startGroupBackup, () => ({ jobId: 'j1' }));
  await backUpGroup(host, [web, db]);
  await backUpGroup(host, [web]);
  const refs = [web, db].map(({ vm: { id, name } }) => ({ vcenter: vc.name, id, name }));
  expect(worker.paramsOf(startGroupBackup)).toMatchObject([
    { vms: refs, repository: 'main', policy: quiescedOrAsk, groupName: 'shop' },
    { vms: refs, policy: { wanted: 'crash' } },
  ]);
  expect(worker.paramsOf(startGroupBackup)[1]).not.toHaveProperty('groupName');
  expect(ui.shown[0]).toContain('never consistent across VMs');
  await expect(backUpGroup(host, [])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  const elsewhere = node('vm-1', 'web01', 'vc.other');
  await expect(backUpGroup(host, [web, elsewhere])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

const set = {
  vmInstanceUuid: 'u',
  vmName: 'web01',
  points: [{ id: pointId, takenAt: '2026-03-01T09:00:00Z', vmName: 'web01', serverInstanceUuid: 's' }],
};
const volume = {
  ...{ volumeIndex: 1, name: 'root', role: 'data', offsetBytes: 0, sizeBytes: 1024 },
  content: { kind: 'ext', title: 'ext4' },
};
const swap = { volumeIndex: 2, name: 'swap', role: 'swap', offsetBytes: 1024, sizeBytes: 1024 };
const disk = {
  deviceKey: 2000,
  label: 'Hard disk 1',
  capacityBytes: 1024,
  scheme: 'gpt',
  problems: [],
} as const;

function plan(replacedCount: number, itemCount = 1) {
  return {
    ...{ targetFolder: '/to', itemCount, replacedCount, skippedCount: 0, totalBytes: 6, problems: [] },
    items: [
      { kind: 'file', guestPath: '/etc/hosts', targetPath: '/to/hosts', sizeBytes: 6, replaces: false },
    ],
  } as const;
}

async function withPoint(ui: ScriptedUi, replacedCount: number, itemCount = 1) {
  const fixture = await withPlaces(ui);
  fixture.worker
    .on(listPoints, () => ({ sets: [set], problems: [] }))
    .on(listVolumes, () => ({
      disks: [{ ...disk, volumes: [volume, swap] }],
    }))
    .on(listGuestFolder, ({ path }) => ({
      fileSystem: { kind: 'ext4', label: '', journal: 'clean' as const, problems: [] },
      entries: path === '/' ? [guestNode('etc', { kind: 'directory' })] : [guestNode('hosts')],
      unreadable: [],
      totalCount: 1,
      problems: [],
    }))
    .on(planFileRestore, () => plan(replacedCount, itemCount))
    .on(startFileRestore, () => ({ jobId: 'j2' }));
  return fixture;
}

test.each([
  [0, 1, [], 'fail'],
  [1, 1, [{ pick: 'Replace It…' }], 'overwrite'],
  [1, 1, [{ pick: 'Restore Beside It' }], 'rename'],
  [1, 3, [{ pick: 'Leave It and' }], 'skip'],
  [2, 3, [{ pick: 'Replace Them…' }], 'overwrite'],
  [2, 3, [{ pick: 'Leave Them and' }], 'skip'],
  [2, 3, [{ pick: 'Restore Beside Them' }], 'rename'],
] as const)(
  'a guest file is restored after its plan was shown, replacing %i files of %i only if told so',
  async (count, itemCount, answers, onConflict) => {
    const ui = new ScriptedUi([
      { pick: 'web01' },
      { pick: /^2026/ },
      { pick: 'etc' },
      { pick: '..' },
      { pick: 'etc' },
      { pick: 'hosts' },
      { type: '/to' },
      ...answers,
    ]);
    const { host, worker } = await withPoint(ui, count, itemCount);
    await restoreGuestFile(host, undefined);
    expect(ui.left).toBe(0);
    expect(ui.confirmations.map(({ question, action }) => [question, action])).toEqual([
      [
        itemCount === 1 ? 'Restore /etc/hosts (6 B) to /to?' : 'Restore 3 items (6 B) to /to?',
        count === 0 ? 'Restore' : 'Restore and Replace',
      ],
    ]);
    expect(ui.offered.at(-1)?.some(([label]) => label?.startsWith('Leave') === true)).toBe(
      count > 0 && itemCount > count,
    );
    const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };
    expect(worker.paramsOf(startFileRestore)).toEqual([
      { ...at, paths: ['/etc/hosts'], targetFolder: '/to', onConflict },
    ]);
  },
);

test.each([
  [0, [], 'fail', 'Restore'],
  [1, [{ pick: 'Replace It…' }], 'overwrite', 'Restore and Replace'],
  [1, [{ pick: 'Restore Beside It' }], 'rename', 'Restore and Replace'],
] as const)('a path that ends in .zip makes one file of them', async (count, answers, onConflict, action) => {
  const ui = new ScriptedUi([{ type: '/to/Hosts.ZIP' }, ...answers]);
  const { host, worker } = await withPoint(ui, count);
  worker.on(planFileRestore, () => ({ ...plan(count), zipName: 'Hosts.ZIP' }));
  const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };
  await restoreGuestFile(host, { paths: [{ ...at, path: '/etc/hosts' }] });
  expect(ui.left).toBe(0);
  expect(ui.offered.flat().map(([label]) => label)).toEqual(
    count === 0 ? [] : ['Replace It…', 'Restore Beside It Under Another Name…'],
  );
  expect(ui.confirmations.map(confirmation => [confirmation.question, confirmation.action])).toEqual([
    ['Restore /etc/hosts (6 B) to /to/Hosts.ZIP?', action],
  ]);
  expect(worker.paramsOf(startFileRestore)).toEqual([
    { ...at, paths: ['/etc/hosts'], targetFolder: '/to', zipName: 'Hosts.ZIP', onConflict },
  ]);
});

test('files and folders that were selected together are restored by one job, after one plan', async () => {
  const ui = new ScriptedUi([{ type: '/to' }]);
  const { host, worker } = await withPoint(ui, 0);
  const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };
  const paths = ['/etc/hosts', '/var'];
  await restoreGuestFile(host, { paths: paths.map(path => ({ ...at, path })) });
  expect(ui.shown).toEqual([
    '1/1 Folder to restore 2 items into, created if missing, or a file that ends in .zip',
  ]);
  expect(ui.confirmations).toHaveLength(1);
  expect(worker.paramsOf(startFileRestore)).toEqual([
    { ...at, paths, targetFolder: '/to', onConflict: 'fail' },
  ]);
});

test('a selection of nothing is asked for like no selection', async () => {
  const ui = new ScriptedUi(['cancel']);
  const { host } = await withPoint(ui, 0);
  await expect(restoreGuestFile(host, { paths: [] })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(ui.shown).toEqual(['1/5 Virtual machine to restore from']);
});

test.each<[string, PointTreeNode | undefined, BrowserTarget | undefined]>([
  ['nothing', undefined, undefined],
  ['a repository', { kind: 'repository', name: 'main', location: '/' }, { repository: 'main' }],
  ['a set', { kind: 'set', repository: 'main', set }, { repository: 'main', vmInstanceUuid: 'u' }],
  [
    'a point',
    { kind: 'point', ref: { repository: 'main', point: pointId }, point: set.points[0]! },
    { repository: 'main', point: pointId },
  ],
  ['a remark', { kind: 'remark', parentId: '', text: '', severity: 'info' }, undefined],
])('the restore browser opens at %s', (_, row, target) => {
  const shown: unknown[] = [];
  const { host } = hostFixture(new ScriptedUi([]));
  openRestoreBrowser({ ...host, restoreBrowser: { show: where => shown.push(where) } }, row);
  expect(shown).toEqual([target]);
});

test('nothing is started if the plan is refused', async () => {
  const ui = new ScriptedUi([{ type: '/to' }], { confirms: false });
  const { host, worker } = await withPoint(ui, 0);
  const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1, path: '/etc/hosts' };
  const row = { kind: 'guest', at, vmName: 'web01', node: guestNode('hosts') } as const;
  await expect(restoreGuestFile(host, row)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(worker.paramsOf(planFileRestore)).toHaveLength(1);
  expect(worker.paramsOf(startFileRestore)).toEqual([]);
});

test('encrypted volumes are unlocked with a passphrase that is kept for the VM', async () => {
  const ui = new ScriptedUi([{ type: 'correct horse' }]);
  const { host, worker, refreshed } = await withPoint(ui, 0);
  worker
    .on(unlockVolumes, () => ({ disks: [] }))
    .on(readPoint, () => ({ id: pointId, vm: { instanceUuid: 'u', name: 'web01' } }) as PointDto);
  const ref = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };
  await unlockEncryptedVolumes(host, { kind: 'volume', ref, vmName: 'web01', volume });
  expect(ui.left).toBe(0);
  expect(worker.paramsOf(unlockVolumes).at(-1)).toEqual({
    repository: 'main',
    point: pointId,
    passphrase: 'correct horse',
  });
  expect(await host.credentials.find('volumes/u', new AbortController().signal)).toBe('correct horse');
  expect(refreshed()).toBe(1);
});
