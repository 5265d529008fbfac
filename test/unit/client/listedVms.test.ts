import { expect, test } from 'vitest';
import { listedVms } from '../../../src/client/listedVms.ts';
import { listVms } from '../../../src/protocol/vm.ts';
import { anySignal } from '../../support/anySignal.ts';
import { FakeWorker } from '../../support/fakeWorker.ts';
import { vmDto } from '../host/hostFixture.ts';

test('a list of several pages is whole and in the order of the paths', async () => {
  const at = (id: string, inventoryPath: string) => vmDto({ id, inventoryPath });
  const worker = new FakeWorker().on(listVms, ({ after }) =>
    after === undefined
      ? { vms: [at('vm-1', '/Lab/vm/c'), at('vm-2', '/Lab/vm/a')], next: 'vm-2' }
      : { vms: [at('vm-3', '/Lab/vm/b')] },
  );
  const vms = await listedVms(worker, 'vc.lab', anySignal);
  expect(vms.map(({ id }) => id)).toEqual(['vm-2', 'vm-3', 'vm-1']);
  expect(worker.paramsOf(listVms)).toEqual([{ vcenter: 'vc.lab' }, { vcenter: 'vc.lab', after: 'vm-2' }]);
});
