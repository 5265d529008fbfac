import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import { blobIdOf } from '../../../../src/core/codec/blobId.ts';
import { LocalObjectStore } from '../../../../src/core/repository/node/localObjectStore.ts';
import { configName, type ObjectName } from '../../../../src/core/repository/objectStore.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { pattern } from '../../../support/pattern.ts';
import { seededRandom } from '../../../support/seededRandom.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const pack: ObjectName = { kind: 'pack', id: blobIdOf(pattern(100)) };

test('lies as restic lays it out', async () => {
  const { folder, store } = await opened();
  await store.put(pack, pattern(100), signal);
  expect(readdirSync(folder).toSorted()).toEqual(
    ['config', 'data', 'index', 'keys', 'locks', 'snapshots', 'tmp'].toSorted(),
  );
  expect(readdirSync(join(folder, 'data'))).toHaveLength(256);
  expect(statSync(join(folder, 'data', pack.id.slice(0, 2), pack.id)).size).toBe(100);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('a store opened for reading changes nothing', async () => {
  const { folder } = await opened();
  const store = storeOf(folder, true);
  await expect(store.put(pack, pattern(100), signal)).rejects.toMatchObject({ code: 'PERMISSION' });
  await expect(store.remove(configName, signal)).rejects.toMatchObject({ code: 'PERMISSION' });
  expect(await store.get(configName, 1000, signal)).toEqual(pattern(155));
});

test('files under construction and foreign files are no objects', async () => {
  const { folder, store } = await opened();
  writeFileSync(join(folder, 'data', pack.id.slice(0, 2), `${pack.id}-tmp-12345`), pattern(50));
  writeFileSync(join(folder, 'data', '.DS_Store'), pattern(50));
  writeFileSync(join(folder, 'snapshots', 'README'), pattern(50));
  expect(await collect(store.list('pack', signal))).toEqual([]);
  expect(await collect(store.list('snapshot', signal))).toEqual([]);
});

test('leftovers of dead writers go, those of living ones stay', async () => {
  const { folder } = await opened();
  const [old, fresh] = ['old', 'fresh'].map(name => join(folder, 'tmp', name)) as [string, string];
  for (const path of [old, fresh]) writeFileSync(path, pattern(50));
  const twoDaysAgo = systemClock.now().getTime() / 1000 - 2 * 86_400;
  utimesSync(old, twoDaysAgo, twoDaysAgo);
  await storeOf(folder, false).put(pack, pattern(100), signal);
  expect(readdirSync(join(folder, 'tmp'))).toEqual(['fresh']);
});

test('a share that was unmounted is unreachable, not empty, and gets no files', async () => {
  const { folder, store } = await opened();
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  const unreachable = { code: 'UNREACHABLE', retryable: true };
  await expect(store.get(pack, 100, signal)).rejects.toMatchObject(unreachable);
  await expect(store.put(pack, pattern(100), signal)).rejects.toMatchObject(unreachable);
  await expect(collect(store.list('snapshot', signal))).rejects.toMatchObject(unreachable);
  await expect(collect(store.list('pack', signal))).rejects.toMatchObject(unreachable);
  expect(readdirSync(folder)).toEqual([]);
});

test.each(['../../etc/passwd', '', 'ABCDEF', `${'a'.repeat(63)}/`])('refuses “%s” as a name', async id => {
  const { store } = await opened();
  await expect(store.get({ kind: 'lock', id }, 100, signal)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

async function opened() {
  const folder = temporaryFolder('local-store');
  const store = storeOf(folder, false);
  await store.prepare(signal);
  await store.put(configName, pattern(155), signal);
  return { folder, store };
}

function storeOf(folder: string, readOnly: boolean) {
  return new LocalObjectStore({ folder, readOnly, clock: systemClock, random: seededRandom(2) });
}
