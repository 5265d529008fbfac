import { expect, test } from 'vitest';

import { tryLab } from '../../../../src/host/commands/tryLab.ts';
import type { Lab } from '../../../../src/host/lab.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { listVms } from '../../../../src/protocol/vm.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

test('the lab comes with everything its restores ask for, guests included', async () => {
  const { host, worker } = hostFixture(new ScriptedUi([]));
  const address = { url: 'https://127.0.0.1:8989/sdk', fingerprint: 'AA', user: 'administrator' };
  const guestAccount = { user: 'root', password: 'of the guests' };
  const lab = { start: async () => await Promise.resolve({ ...address, password: 'secret', guestAccount }) };
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'id' }))
    .on(listVms, () => ({
      vms: [vmDto(), vmDto({ id: 'vm-2', name: 'db01', instanceUuid: 'uuid-db01' })],
    }));
  await tryLab({ ...host, lab: lab as unknown as Lab });
  expect(host.known.vcenters()).toMatchObject([{ name: 'Built-in Lab', isLab: true }]);
  expect(host.known.repositories()).toMatchObject([{ name: 'Lab Repository' }]);
  expect(host.known.guests()).toEqual([
    { name: 'uuid-db01', vmName: 'db01', user: 'root' },
    { name: 'uuid-web01', vmName: 'web01', user: 'root' },
  ]);
  for (const [key, password] of [
    ['vcenter/Built-in Lab', 'secret'],
    ['guest/uuid-web01', 'of the guests'],
    ['guest/uuid-db01', 'of the guests'],
  ] as const)
    expect(await host.credentials.find(key, anySignal)).toBe(password);
});
