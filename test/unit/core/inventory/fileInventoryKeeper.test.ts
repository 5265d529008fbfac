import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/logger.ts';
import type { InventoryRow } from '../../../../src/core/inventory/inventoryModel.ts';
import { FileInventoryKeeper } from '../../../../src/core/inventory/node/fileInventoryKeeper.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { perfectServer } from '../../../support/assessmentFacts.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const asOf = new Date('2026-11-22T17:03:00Z');
const owner = { url: 'https://vc.lab', user: 'admin', fingerprint: 'AA:BB' };

function row(number: number): InventoryRow {
  const name = `wëb-${number}`;
  return {
    ...{ ref: { type: 'VirtualMachine', value: `vm-${number}` }, name, inventoryPath: `/Lab/vm/${name}` },
    ...{
      instanceUuid: `i-${number}`,
      biosUuid: undefined,
      powerState: 'poweredOn',
      connectionState: 'connected',
    },
    ...{
      isTemplate: false,
      guestName: 'Windows',
      toolsState: undefined,
      diskCount: 1,
      capacityBytes: 2 ** 40,
    },
    ...{
      hasSnapshots: false,
      computePath: undefined,
      vAppName: undefined,
      facts: perfectServer(),
      isComplete: true,
      asOf: undefined,
    },
    ...{ datastoreNames: ['a'], isLinkedClone: false },
  };
}

const rows = Array.from({ length: 137 }, (_, number) => row(number));

function keeperIn(
  folder: string,
  change: Partial<typeof owner> = {},
  product = '1.0.0',
): FileInventoryKeeper {
  return new FileInventoryKeeper(folder, { ...owner, ...change }, product, silentLogger);
}

test('an inventory comes back as it was, for its owner and version alone, and no other user can read it', async () => {
  const folder = temporaryFolder('inventory');
  expect(await keeperIn(folder).read(anySignal)).toBeUndefined();
  await keeperIn(folder).write(asOf, rows, anySignal);
  expect(await keeperIn(folder).read(anySignal)).toEqual({ asOf, rows });
  for (const change of [{ user: 'other' }, { fingerprint: 'CC' }, { url: 'https://vc2.lab' }])
    expect(await keeperIn(folder, change).read(anySignal)).toBeUndefined();
  expect(await keeperIn(folder, {}, '1.0.1').read(anySignal)).toBeUndefined();
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  if (process.platform !== 'win32') expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o600);

  await keeperIn(folder).write(asOf, [], anySignal);
  expect(await keeperIn(folder).read(anySignal)).toEqual({ asOf, rows: [] });
  await keeperIn(folder).forget();
  expect(readdirSync(folder)).toEqual([]);
  await keeperIn(folder).forget();
});

test('what is not whole to the last bit is as good as none', async () => {
  const folder = temporaryFolder('inventory');
  await keeperIn(folder).write(asOf, rows, anySignal);
  const path = join(folder, readdirSync(folder)[0]!);
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at += 1 + Math.floor(whole.length / 200)) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1;
    writeFileSync(path, damaged);
    expect(await keeperIn(folder).read(anySignal)).toBeUndefined();
  }
  for (const length of [0, 1, whole.length >> 1, whole.length - 1]) {
    writeFileSync(path, whole);
    truncateSync(path, length);
    expect(await keeperIn(folder).read(anySignal)).toBeUndefined();
  }
});

test('the one before stays until the next one is whole', async () => {
  const folder = temporaryFolder('inventory');
  await keeperIn(folder).write(asOf, rows, anySignal);
  const broken = function* () {
    yield* rows;
    throw new Error('no more');
  };
  await expect(keeperIn(folder).write(new Date(0), broken(), anySignal)).rejects.toThrow('no more');
  expect(await keeperIn(folder).read(anySignal)).toMatchObject({ asOf });
  await expect(keeperIn(folder).write(new Date(0), rows, AbortSignal.abort())).rejects.toThrow();
  expect(await keeperIn(folder).read(anySignal)).toMatchObject({ asOf });
  expect(readdirSync(folder)).toHaveLength(1);
});

test('of many servers those written longest ago are forgotten', async () => {
  const folder = temporaryFolder('inventory');
  for (let number = 0; number < 18; number += 1) {
    await keeperIn(folder, { user: `user${number}` }).write(asOf, [], anySignal);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      utimesSync(path, 0, statSync(path).mtimeMs / 1000 - 60);
    }
  }
  expect(readdirSync(folder)).toHaveLength(16);
  const kept = await Promise.all(
    [0, 1, 2, 17].map(async number => await keeperIn(folder, { user: `user${number}` }).read(anySignal)),
  );
  expect(kept.map(inventory => inventory !== undefined)).toEqual([false, false, true, true]);
});

test('whoever changes what a row is made of gives the file a new version', () => {
  const keys = [...Object.keys(row(1)), ...Object.keys(row(1).facts).map(key => `facts.${key}`)];
  expect(keys.sort().join(' ')).toMatchInlineSnapshot(
    `"asOf biosUuid capacityBytes computePath connectionState datastoreNames diskCount facts facts.connectionState facts.controllers facts.devices facts.disabledMethods facts.diskUuidEnabled facts.disks facts.faultTolerance facts.guestId facts.guestLook facts.guestVolumes facts.host facts.isEncrypted facts.isTemplate facts.lastPowerOff facts.needsConsolidation facts.powerState facts.quiescedSnapshots facts.reportedGuestId facts.snapshotDepth facts.snapshotLimit facts.snapshotsDisabled facts.supportsChangeTracking facts.supportsQuiescedSnapshots facts.supportsSnapshots facts.toolsConfig facts.toolsInstallType facts.toolsRunning facts.toolsStatus facts.toolsVersion facts.tracksChanges facts.windowsBuild guestName hasSnapshots instanceUuid inventoryPath isComplete isLinkedClone isTemplate name powerState ref toolsState vAppName"`,
  );
});
