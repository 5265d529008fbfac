import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOfSameKind, type ItemTree } from '../../../../src/core/guestfs/btrfs/itemTree.ts';
import { compareKeys, keyTypes, type Key } from '../../../../src/core/guestfs/btrfs/keys.ts';
import { ChangedTree } from '../../../../src/core/guestfs/btrfs/log/changedTree.ts';
import { replayLog } from '../../../../src/core/guestfs/btrfs/log/replay.ts';
import type { Item } from '../../../../src/core/guestfs/btrfs/tree.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';

const rules = { sectorBytes: 4096, holesHaveNoItems: true };

/** A tree of some items, a few to a leaf. */
function treeOf(items: readonly Item[], leafItems = 3): ItemTree {
  const sorted = items.toSorted((one, other) => compareKeys(one.key, other.key));
  return {
    async *items(from, to) {
      const within = sorted.filter(({ key }) => compareKeys(key, from) >= 0 && compareKeys(key, to) <= 0);
      for (let at = 0; at < within.length; at += leafItems) {
        yield await Promise.resolve(within.slice(at, at + leafItems));
      }
    },
    find: async key => await Promise.resolve(sorted.find(item => compareKeys(item.key, key) === 0)),
    last: async upTo =>
      await Promise.resolve(
        sorted.findLast(({ key }) => isOfSameKind(key, upTo) && key.offset <= upTo.offset),
      ),
  };
}

const anyKey = fc.record({
  objectId: fc.nat({ max: 2 }),
  type: fc.constantFrom(1, 96, 108),
  offset: fc.nat({ max: 12 }),
});

test('a tree with changes answers as if it were stored with them', async () => {
  const anyItem = fc.record({ key: anyKey, bytes: fc.uint8Array({ minLength: 1, maxLength: 2 }) });
  const changes = fc.array(fc.tuple(anyItem, fc.boolean()), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyItem, { maxLength: 30 }),
      changes,
      anyKey,
      anyKey,
      async (stored, made, one, other) => {
        const plain = new Map(stored.map(item => [JSON.stringify(item.key), item]));
        const changed = new ChangedTree(treeOf([...plain.values()]));
        for (const [item, isKept] of made) {
          if (isKept) changed.put(item.key, item.bytes);
          else changed.remove(item.key);
          if (isKept) plain.set(JSON.stringify(item.key), item);
          else plain.delete(JSON.stringify(item.key));
        }
        const expected = treeOf([...plain.values()]);
        const to = { ...other, objectId: one.objectId };
        expect((await collect(changed.items(one, to, anySignal))).flat()).toEqual(
          (await collect(expected.items(one, to, anySignal))).flat(),
        );
        expect(await changed.find(one, anySignal)).toEqual(await expected.find(one, anySignal));
        expect(await changed.last(one, anySignal)).toEqual(await expected.last(one, anySignal));
      },
    ),
    { numRuns: 500 },
  );
});

function inodeItem(inode: number, mode: number, sizeBytes: number): Item {
  const view = new DataView(new ArrayBuffer(160));
  view.setBigUint64(0, 7n, true);
  view.setBigUint64(16, BigInt(sizeBytes), true);
  view.setUint32(40, 1, true);
  view.setUint32(52, mode, true);
  return { key: keyOf(inode, keyTypes.inode, 0), bytes: new Uint8Array(view.buffer) };
}

function inlineItem(inode: number, lengthBytes: number): Item {
  const view = new DataView(new ArrayBuffer(21 + lengthBytes));
  view.setBigUint64(8, BigInt(lengthBytes), true);
  return { key: keyOf(inode, keyTypes.extentData, 0), bytes: new Uint8Array(view.buffer) };
}

function holeItem(inode: number, offsetBytes: number, lengthBytes: number): Item {
  const view = new DataView(new ArrayBuffer(53));
  view.setUint8(20, 1);
  view.setBigUint64(45, BigInt(lengthBytes), true);
  return { key: keyOf(inode, keyTypes.extentData, offsetBytes), bytes: new Uint8Array(view.buffer) };
}

function keyOf(objectId: number, type: number, offset: number): Key {
  return { objectId, type, offset };
}

test('a file that the log cannot be replayed into is refused; the others are not', async () => {
  const stored = [inodeItem(300, 0o100644, 8192), inlineItem(300, 8192), inodeItem(301, 0o100644, 10)];
  const log = [
    inodeItem(300, 0o100644, 8192),
    // It would cut what stands in the item itself, at which kernels give up.
    holeItem(300, 4096, 4096),
    inodeItem(301, 0o100600, 20),
    inlineItem(301, 20),
  ];
  const { tree, refused } = await replayLog(treeOf(stored), treeOf(log), rules, anySignal);
  expect([...refused.keys()]).toEqual([300]);
  expect(refused.get(300)).toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  expect((await tree.find(keyOf(301, keyTypes.extentData, 0), anySignal))?.bytes).toEqual(
    inlineItem(301, 20).bytes,
  );
});

test('what was cut off a file is gone, and what an extent covers in part is left where it is not', async () => {
  const extent = (offsetBytes: number, lengthBytes: number) => {
    const item = holeItem(300, offsetBytes, lengthBytes);
    new DataView(item.bytes.buffer).setBigUint64(21, 1_000_000n, true);
    return item;
  };
  const stored = [inodeItem(300, 0o100644, 40_960), extent(0, 40_960)];
  const log = [inodeItem(300, 0o100644, 20_480), extent(4096, 4096)];
  const { tree } = await replayLog(treeOf(stored), treeOf(log), rules, anySignal);
  const [from, to] = [keyOf(300, keyTypes.extentData, 0), keyOf(300, keyTypes.extentData, 100_000)];
  const left = (await collect(tree.items(from, to, anySignal))).flat().map(({ key, bytes }) => {
    const view = new DataView(bytes.buffer);
    return [key.offset, Number(view.getBigUint64(37, true)), Number(view.getBigUint64(45, true))];
  });
  expect(left).toEqual([
    [0, 0, 4096],
    [4096, 0, 4096],
    [8192, 8192, 12_288],
  ]);
});

test('a log whose items are not in order is not replayed', async () => {
  const log = [inodeItem(301, 0o100600, 20), inodeItem(300, 0o100600, 20)];
  const disordered: ItemTree = {
    ...treeOf(log),
    items: async function* () {
      yield await Promise.resolve(log);
    },
  };
  await expect(replayLog(treeOf([]), disordered, rules, anySignal)).rejects.toMatchObject({
    code: 'CORRUPT_DATA',
  });
});
