import { commands } from 'vscode';
import { expect, test, vi } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { forgetGuestCredentials, restoreToGuest } from '../../../../src/host/commands/restoreToGuest.ts';
import type { GuestPath } from '../../../../src/protocol/guest.ts';
import { startGuestRestore } from '../../../../src/protocol/job.ts';
import { closeLiveGuest, openLiveGuest } from '../../../../src/protocol/liveGuest.ts';
import { type GuestRestorePlanDto, planGuestRestore } from '../../../../src/protocol/plan.ts';
import { readPoint } from '../../../../src/protocol/point.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { listVms, type VmDto } from '../../../../src/protocol/vm.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, memorySecrets, pointId, vmDto } from '../hostFixture.ts';

const signal = AbortSignal.any([]);
const volume = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };
const hosts: GuestPath = { ...volume, path: '/etc/hosts' };
const vm = { vcenter: 'vc.lab', id: 'vm-1', name: 'web01' };
const asRoot = [{ type: 'root' }, { type: 'right' }];

const replacing: GuestRestorePlanDto = {
  ...{ vmName: 'web01', user: 'root', itemCount: 1, replacedCount: 1, skippedCount: 0, totalBytes: 6 },
  ...{ problems: [], warnings: [] },
  items: [
    {
      ...{ kind: 'file', pointPath: '/etc/hosts', guestPath: '/etc/hosts', action: 'replace', sizeBytes: 6 },
      ...{ modifiedAt: '2026-01-02T03:04:05Z', mode: 0o644, uid: 0, gid: 0 },
      live: { sizeBytes: 7, modifiedAt: '2026-02-02T03:04:05Z' },
    },
  ],
};
const creating: GuestRestorePlanDto = {
  ...replacing,
  replacedCount: 0,
  items: [{ kind: 'file', guestPath: '/etc/hosts', action: 'create', sizeBytes: 6, mode: 0o600 }],
};

async function fixture(
  actions: readonly Action[],
  plan: GuestRestorePlanDto = replacing,
  vms: readonly VmDto[] = [vmDto()],
  secrets = memorySecrets(),
  others: readonly string[] = [],
) {
  const ui = new ScriptedUi(actions, { others });
  const { host, worker } = hostFixture(ui, secrets);
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'r' }))
    .on(readPoint, () => ({ vm: { instanceUuid: 'uuid-web01', name: 'web01' } }) as never)
    .on(listVms, () => ({ vms }))
    .on(openLiveGuest, ({ password }) => {
      if (password !== 'right') throw new AppError('AUTHENTICATION', 'the guest does not accept it');
      return {};
    })
    .on(closeLiveGuest, () => ({}))
    .on(planGuestRestore, () => plan)
    .on(startGuestRestore, () => ({ jobId: 'j1' }));
  const vcenter = { name: 'vc.lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA' };
  await host.known.saveVCenter(vcenter);
  await host.known.saveRepository({ name: 'main', location: '/backups' });
  await host.credentials.keep('vcenter/vc.lab', 'word');
  await host.credentials.keep('repository/main', 'word');
  return { host, worker, ui, run: async () => await restoreToGuest(host, { paths: [hosts] }) };
}

const comparing = async (actions: readonly Action[]) =>
  await fixture(actions, replacing, [vmDto()], memorySecrets(), ['Compare First…']);

test('an account is asked for and checked, the plan is shown, and the next time nothing is asked', async () => {
  const { host, worker, ui, run } = await fixture([{ type: 'root' }, { type: 'wrong' }, { type: 'right' }]);
  await run();
  expect(ui.refused).toEqual(['AppError: the guest does not accept it']);
  expect(ui.confirmations).toHaveLength(1);
  expect(ui.confirmations[0]).toMatchObject({
    question: 'Restore /etc/hosts (6 B) into the guest of web01 as root?',
    action: 'Restore and Replace',
  });
  expect(ui.confirmations[0]?.lines.join('\n')).toMatch(
    /\/etc\/hosts: now 7 B, .* → 6 B, .*, owner 0:0, mode 0644/,
  );
  const params = { ...volume, paths: ['/etc/hosts'], guest: { vm, user: 'root' } };
  expect(worker.paramsOf(startGuestRestore)).toEqual([params]);
  expect(JSON.stringify(worker.paramsOf(planGuestRestore))).not.toContain('right');
  expect(host.known.guests()).toEqual([{ name: 'uuid-web01', vmName: 'web01', user: 'root' }]);
  expect(await host.credentials.find('guest/uuid-web01', signal)).toBe('right');

  const shown = ui.shown.length;
  await run();
  expect(ui.shown.slice(shown)).toEqual([]);
  expect(ui.confirmations).toHaveLength(2);
  expect(worker.paramsOf(startGuestRestore)).toHaveLength(2);
});

test('where nothing is replaced the plan alone is shown', async () => {
  const { ui, run } = await fixture(asRoot, creating);
  await run();
  expect(ui.left).toBe(0);
  expect(ui.confirmations[0]).toMatchObject({ action: 'Restore' });
  expect(ui.confirmations[0]?.lines).toEqual(
    expect.arrayContaining(['Nothing that exists is replaced.', '/etc/hosts: 6 B, mode 0600']),
  );
});

test('nothing is started if the plan is declined', async () => {
  const { host, worker, run } = await fixture(asRoot, creating);
  Object.assign(host, { ui: Object.assign(host.ui, { confirm: async () => await Promise.resolve(false) }) });
  await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(worker.paramsOf(startGuestRestore)).toEqual([]);
});

test('the difference between the running guest and the restore point can be seen before deciding', async () => {
  const executed = vi.spyOn(commands, 'executeCommand').mockResolvedValue(undefined);
  const { worker, run } = await comparing([
    ...asRoot,
    { pick: 'Show Difference: hosts' },
    { pick: 'Restore…' },
  ]);
  await run();
  const [command, inGuest, inPoint, title] = executed.mock.calls[0] ?? [];
  expect([command, title]).toEqual(['vscode.diff', 'hosts: in the guest of web01 ↔ restore point']);
  expect(inGuest).toMatchObject({ scheme: 'quiesce-live', path: '/etc/hosts' });
  expect(inPoint).toMatchObject({ scheme: 'quiesce', path: '/main/etc/hosts' });
  expect(JSON.stringify(inGuest)).not.toContain('right');
  expect(worker.paramsOf(startGuestRestore)).toHaveLength(1);
  executed.mockRestore();
});

test('another account can be chosen after the plan was seen', async () => {
  const { worker, ui, run } = await comparing([
    ...asRoot,
    { pick: 'Use Another Account…' },
    { type: 'operator' },
    { type: 'right' },
  ]);
  await run();
  expect(ui.left).toBe(0);
  expect(worker.paramsOf(startGuestRestore)[0]?.guest.user).toBe('operator');
});

test('a VM that is on no vCenter, or on several places, is asked for', async () => {
  const renamed = vmDto({ id: 'vm-9', name: 'web01-new', instanceUuid: 'other' });
  const none = await fixture([{ pick: 'web01-new' }, ...asRoot], creating, [renamed]);
  await none.run();
  expect(none.worker.paramsOf(startGuestRestore)[0]?.guest.vm.id).toBe('vm-9');
  const copies = [vmDto(), vmDto({ id: 'vm-2', name: 'web01-copy' })];
  const several = await fixture([{ pick: 'web01-copy' }, ...asRoot], creating, copies);
  await several.run();
  expect(several.worker.paramsOf(startGuestRestore)[0]?.guest.vm.id).toBe('vm-2');
});

test('where the guest has the volume is asked only if VMware Tools do not tell', async () => {
  const { worker, run } = await fixture([...asRoot, { type: 'data' }, { type: '/data' }], creating);
  worker.on(planGuestRestore, ({ mountPath }) => {
    if (mountPath === undefined) throw new AppError('INVALID_INPUT', 'not told', { object: 'mount' });
    return creating;
  });
  await run();
  expect(worker.paramsOf(startGuestRestore)[0]).toMatchObject({ mountPath: '/data' });
});

test('a password that the storage loses is told, by account and VM', async () => {
  const { ui, run } = await fixture(asRoot, creating, [vmDto()], memorySecrets(true));
  await run();
  expect(ui.told).toEqual([]);
  const lossy = await fixture(asRoot, creating);
  Object.assign(lossy.host.credentials, { keep: async () => await Promise.resolve(false) });
  await lossy.run();
  expect(lossy.ui.told).toEqual([
    { severity: 'warning', message: expect.stringContaining('root in the guest of web01') as string },
  ]);
});

test('forgotten credentials are gone here and in the worker', async () => {
  const { host, worker, ui, run } = await fixture(
    [...asRoot, { pick: 'root in the guest of web01' }],
    creating,
  );
  await run();
  await forgetGuestCredentials(host);
  expect(ui.left).toBe(0);
  expect(host.known.guests()).toEqual([]);
  expect(await host.credentials.find('guest/uuid-web01', signal)).toBeUndefined();
  expect(worker.paramsOf(closeLiveGuest)).toEqual([{ vm, user: 'root' }]);
});
