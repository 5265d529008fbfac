import { describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { CancelledError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { newInventoryModel, watchInventory } from '../../src/core/inventory/inventoryWatch.ts';
import { listVirtualMachines } from '../../src/core/inventory/listVirtualMachines.ts';
import { anySignal } from '../support/anySignal.ts';
import { govc } from '../support/govc.ts';
import { toolTest } from '../support/tools.ts';
import { logIn, startVcsim } from '../vcsim/servers.ts';

const test = toolTest('go');
const deps = { clock: systemClock, logger: silentLogger, retryMs: () => 100 };
const vmCount = 150;

/**
 * More VMs than a page holds, and another client that changes them while the pages are fetched.
 *
 * The simulator of 0.56 loses nothing of it but is slow: for each single change of any object, its tasks included, it
 * collects everything anew that a filter asks for (`apply()` within the loop over the updates of `WaitForUpdatesEx`), with
 * the state of all VMs, for each of our collectors. What is told late is the more the more VMs there are and the more has
 * changed at once; here it is a handful. That of 0.24 knows no pages: all VMs come at once.
 */
describe.each([
  ['vcsim', 100],
  ['vcsim-0.24', vmCount],
] as const)("the inventory of govmomi's simulator %s", (generation, firstPage) => {
  test('is right although it changes between the pages, and follows what changes after them', async () => {
    await using server = await startVcsim(['-vm', String(vmCount / 2)], generation);
    await using open = await logIn(server);
    const { session } = open;
    const end = new AbortController();
    const model = newInventoryModel(session);
    const watch = watchInventory(session, model, deps, end.signal);
    const next = async () => {
      const { value, done } = await watch.next();
      if (done === true || value.lost !== undefined) throw new Error('the watch has ended');
      return value;
    };
    const until = async (holds: () => boolean) => {
      while (!holds()) await next();
    };
    const named = (name: string) => model.rows().find(row => row.name === name);

    let page = await next();
    while (page.changed.length === 0) page = await next();
    expect(page).toMatchObject({ stage: 'rows' });
    expect(page.changed).toHaveLength(firstPage);
    // Nobody asks for the next page meanwhile. One that was told is off, one that was not is renamed, one is gone.
    const told = new Set(page.changed.map(id => model.row(id)!.name));
    const all = Array.from({ length: vmCount / 2 }, (_, index) =>
      ['DC0_H0_VM', 'DC0_C0_RP0_VM'].map(prefix => `${prefix}${index}`),
    ).flat();
    const known = all.filter(name => told.has(name));
    const [off, gone, later] = known as [string, string, string];
    const renamed = all.find(name => !told.has(name)) ?? known[3]!;
    govc(
      server,
      `govc vm.power -off ${off}
       govc object.rename /DC0/vm/${renamed} renamed
       govc vm.destroy ${gone}`,
    );
    await until(
      () =>
        named(off)?.powerState === 'poweredOff' &&
        named('renamed') !== undefined &&
        named(gone) === undefined &&
        model.rows().every(({ isComplete, asOf }) => isComplete && asOf === undefined),
    );
    expect(named(renamed)).toBeUndefined();

    govc(server, `govc vm.power -off ${later}`);
    await until(() => named(later)?.powerState === 'poweredOff');
    const listed = await listVirtualMachines(session, anySignal);
    const shown = model.rows();
    expect(shown).toHaveLength(vmCount - 1);
    expect(shown.map(({ inventoryPath, powerState }) => [inventoryPath, powerState])).toEqual(
      listed.map(({ inventoryPath, powerState }) => [inventoryPath, powerState]),
    );
    end.abort(new CancelledError());
    await expect(until(() => false)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
