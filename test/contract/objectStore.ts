import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  configName,
  type ObjectKind,
  type ObjectName,
  type ObjectStore,
} from '../../src/core/repository/objectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { pattern } from '../support/pattern.ts';

const kinds: readonly ObjectKind[] = ['key', 'lock', 'snapshot', 'index', 'pack', 'audit'];

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** Puts the config there as somebody else would. */
  readonly placeConfig?: (bytes: Uint8Array) => void;
}

/** What every object store does. @param create  an empty one, prepared unless it comes with `placeConfig` */
export function objectStoreContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`an object store: ${name}`, () => {
    const open = async () => {
      const { store, placeConfig } = await create();
      if (placeConfig === undefined) await store.put(configName, pattern(155), signal);
      else placeConfig(pattern(155));
      return store;
    };

    test.each(kinds)('keeps objects of kind %s', async kind => {
      const store = await open();
      const contents = [pattern(1), pattern(4096, 3), pattern(300_001, 5)];
      for (const bytes of contents) await store.put(named(kind, bytes), bytes, signal);
      for (const bytes of contents) {
        const object = named(kind, bytes);
        expect(Buffer.compare(await store.get(object, bytes.length, signal), bytes)).toBe(0);
        expect(await store.sizeBytes(object, signal)).toBe(bytes.length);
      }
      expect(await listed(store, kind)).toEqual(
        contents.map(bytes => ({ id: named(kind, bytes).id, sizeBytes: bytes.length })).toSorted(byId),
      );
      for (const other of kinds.filter(k => k !== kind)) expect(await listed(store, other)).toEqual([]);
    });

    test('lists and reads the config', async () => {
      const store = await open();
      expect(await listed(store, 'config')).toEqual([{ id: 'config', sizeBytes: 155 }]);
      expect(await store.get(configName, 1000, signal)).toEqual(pattern(155));
    });

    test('reads exactly the range asked for', async () => {
      const store = await open();
      const object = named('pack', pattern(10_000));
      await store.put(object, pattern(10_000), signal);
      for (const [offset, length] of [
        [0, 10_000],
        [0, 0],
        [1, 1],
        [9_999, 1],
        [10_000, 0],
        [513, 4096],
      ] as const)
        expect(await store.getRange(object, offset, length, signal)).toEqual(pattern(length, offset));
      for (const [offset, length] of [
        [0, 10_001],
        [9_999, 2],
        [10_001, 1],
        [50_000, 10],
      ] as const) {
        await expect(store.getRange(object, offset, length, signal)).rejects.toMatchObject({
          code: 'CORRUPT_DATA',
        });
      }
    });

    test('refuses an object larger than expected', async () => {
      const store = await open();
      const object = named('index', pattern(1001));
      await store.put(object, pattern(1001), signal);
      await expect(store.get(object, 1000, signal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    });

    test('never replaces an object', async () => {
      const store = await open();
      await expect(store.put(configName, pattern(10), signal)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await store.get(configName, 1000, signal)).toEqual(pattern(155));
    });

    test('removes one object', async () => {
      const store = await open();
      const [one, other] = [named('lock', pattern(9)), named('lock', pattern(10))];
      await store.put(one, pattern(9), signal);
      await store.put(other, pattern(10), signal);
      await store.remove(one, signal);
      expect(await listed(store, 'lock')).toEqual([{ id: other.id, sizeBytes: 10 }]);
    });

    test('says NOT_FOUND for what is not there', async () => {
      const store = await open();
      const object = named('snapshot', pattern(7));
      for (const call of [
        async () => await store.get(object, 100, signal),
        async () => await store.getRange(object, 0, 1, signal),
        async () => await store.sizeBytes(object, signal),
        async () => await store.remove(object, signal),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
    });

    test('keeps no hold of the bytes it is given or gives', async () => {
      const store = await open();
      const object = named('pack', pattern(100));
      const given = pattern(100);
      await store.put(object, given, signal);
      given.fill(0);
      (await store.get(object, 100, signal)).fill(0);
      expect(await store.get(object, 100, signal)).toEqual(pattern(100));
    });

    test('does nothing for a cancelled caller', async () => {
      const store = await open();
      const cancelled = AbortSignal.abort();
      const object = named('pack', pattern(100));
      await expect(store.put(object, pattern(100), cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(store.get(configName, 1000, cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(store.remove(configName, cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await listed(store, 'pack')).toEqual([]);
      expect(await listed(store, 'config')).toHaveLength(1);
    });
  });
}

function named(kind: ObjectKind, bytes: Uint8Array): ObjectName {
  return { kind, id: createHash('sha256').update(bytes).digest('hex') };
}

async function listed(store: ObjectStore, kind: ObjectKind) {
  return (await collect(store.list(kind, signal))).toSorted(byId);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
