import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { InventoryModel } from '../../src/core/inventory/inventoryModel.ts';
import { newInventoryModel, watchInventory } from '../../src/core/inventory/inventoryWatch.ts';
import type { InventoryChange } from '../../src/core/inventory/inventoryWatch.ts';
import { listVirtualMachines } from '../../src/core/inventory/listVirtualMachines.ts';
import { anySignal } from '../support/anySignal.ts';
import { SeededRandom } from '../../src/lab/guest/seededRandom.ts';
import { logIn, startLab, type Lab, type LoggedIn } from '../vcsim/servers.ts';

// Against the lab: changes of many VMs, sessions that end, connections that break, a server that starts anew.
const soakMs = process.env['QUIESCE_PROOF'] === 'full' ? 30 * 60_000 : 20_000;
const deps = { clock: systemClock, logger: silentLogger, retryMs: () => 100 };

const timeout = soakMs + 10 * 60_000;

test('the live inventory ends up equal to the server, whatever happens on the way', { timeout }, async () => {
  const seed = Number(process.env['QUIESCE_SEED'] ?? 20_261);
  process.stdout.write(`QUIESCE_SEED=${seed}\n`);
  const random = new SeededRandom(seed);
  await using lab = await startLab(['--generate', '300']);
  await using open = await logIn(lab);
  const model = newInventoryModel(open.session);
  const watch = follow(open, model);
  await watch.until(change => change.stage === 'current');
  expectSameAs(model, await listVirtualMachines(open.session, anySignal));

  const endMs = performance.now() + soakMs;
  const done = new Map<string, number>();
  while (performance.now() < endMs) {
    const what = await disturb(lab, random);
    done.set(what, (done.get(what) ?? 0) + 1);
    await systemClock.sleep(random.below(1500), anySignal);
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(done))}, begun anew ${watch.lostCount} times\n`);
  // Whatever was lost on the way, all that wait log in once together.
  await told(lab, 'sessions/expire', {});
  await told(lab, 'vms', { count: 1, seed });
  const truth = await settledTruth(lab, open);
  await watch.settled(() => isSame(model, truth));
  expectSameAs(model, truth);
  expect(model.rows().every(row => row.isComplete || row.facts.guestId === undefined)).toBe(true);
  expect(model.rows().some(row => row.asOf !== undefined)).toBe(false);
  expect(watch.lostCount).toBeGreaterThan(2);
  expect(await idsOf(lab)).toEqual(
    model
      .rows()
      .map(row => row.ref.value)
      .sort(),
  );
  await watch.stop();
  const { live } = (await told(lab, 'sessions')) as { readonly live: readonly unknown[] };
  expect(live).toHaveLength(1);
});

/** Says what it has done. */
async function disturb(lab: Lab, random: SeededRandom): Promise<string> {
  const seed = random.below(1_000_000);
  // Breaking the connections may break this one too.
  switch (random.below(8)) {
    case 0:
      await told(lab, 'sessions/expire', {});
      return 'sessions ended';
    case 1:
      await lab.control('connections/cut', {}).catch(() => undefined);
      return 'connections cut';
    case 2:
      await lab.control('restart', { downMs: random.below(2000) }).catch(() => undefined);
      await systemClock.sleep(2100, anySignal);
      return 'server restarted';
    case 3:
      await told(lab, 'vms', { count: 16, seed, removals: true, additions: true });
      return 'VMs changed, removed and added';
    default:
      await told(lab, 'vms', { count: 1 + random.below(60), seed });
      return 'VMs changed';
  }
}

/** The control API goes away with the connections and the server, which may be later than it was told. */
async function told(lab: Lab, path: string, body?: unknown): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await lab.control(path, body);
    } catch (error) {
      if (attempt === 50) throw error;
      await systemClock.sleep(200, anySignal);
    }
  }
}

/** What another reading of the server gives, after its connections may have been broken. */
async function settledTruth(lab: Lab, { session }: LoggedIn) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await listVirtualMachines(session, anySignal);
    } catch (error) {
      if (attempt === 5) throw error;
      await told(lab, 'sessions');
    }
  }
}

type Truth = Awaited<ReturnType<typeof listVirtualMachines>>;

function expectSameAs(model: InventoryModel, truth: Truth): void {
  expect(comparable(model)).toEqual(truth);
}

function isSame(model: InventoryModel, truth: Truth): boolean {
  return JSON.stringify(comparable(model)) === JSON.stringify(truth);
}

/** In the order and with the fields of the list. */
function comparable(model: InventoryModel): Truth {
  const byId = new Map(model.rows().map(row => [row.ref.value, row]));
  return [...byId.values()].map(row => {
    const { isComplete, asOf, datastoreNames, isLinkedClone, ...summary } = row;
    expect([asOf, typeof isComplete, typeof isLinkedClone]).toEqual([undefined, 'boolean', 'boolean']);
    expect(datastoreNames).toHaveLength(1);
    return summary;
  });
}

async function idsOf(lab: Lab): Promise<string[]> {
  const vms = (await told(lab, 'vms')) as readonly { readonly id: string }[];
  return vms.map(({ id }) => id).sort();
}

interface Followed {
  lostCount: number;
  until(fits: (change: InventoryChange) => boolean): Promise<void>;
  /** Waits until the condition holds after some change, or by itself. */
  settled(holds: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

function follow({ session }: LoggedIn, model: InventoryModel): Followed {
  const stopping = new AbortController();
  const waiting = new Set<{ fits: (change: InventoryChange) => boolean; resolve: () => void }>();
  const followed: Followed = {
    lostCount: 0,
    until: async fits => {
      await new Promise<void>(resolve => waiting.add({ fits, resolve }));
    },
    settled: async holds => {
      for (let attempt = 0; !holds() && attempt < 300; attempt += 1) await systemClock.sleep(100, anySignal);
    },
    stop: async () => {
      stopping.abort();
      await run;
    },
  };
  const run = (async () => {
    try {
      for await (const change of watchInventory(session, model, deps, stopping.signal)) {
        if (change.lost !== undefined) followed.lostCount += 1;
        for (const waiter of waiting) {
          if (!waiter.fits(change)) continue;
          waiting.delete(waiter);
          waiter.resolve();
        }
      }
    } catch (error) {
      if (!stopping.signal.aborted) throw error;
    }
  })();
  return followed;
}
