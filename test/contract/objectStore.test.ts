import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { limitedObjectStore } from '../../src/core/repository/limitedObjectStore.ts';
import { MemoryObjectStore } from '../../src/core/repository/memoryObjectStore.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { objectStoreContract } from './objectStore.ts';

objectStoreContract('memory', async () => await Promise.resolve({ store: new MemoryObjectStore() }));

objectStoreContract('local folder', async () => {
  const store = localStore();
  await store.prepare(signal);
  return { store };
});

objectStoreContract('local folder that others laid out sparsely', async () => {
  const store = localStore();
  const placeConfig = (bytes: Uint8Array) => writeFileSync(join(store.location, 'config'), bytes);
  return await Promise.resolve({ store, placeConfig });
});

objectStoreContract('with a limit of its speed', async () => {
  const limits = { uploadBytesPerSecond: 1e9, downloadBytesPerSecond: 1e9 };
  return await Promise.resolve({ store: limitedObjectStore(new MemoryObjectStore(), limits, systemClock) });
});

function localStore(): LocalObjectStore {
  return new LocalObjectStore({
    folder: temporaryFolder('store'),
    readOnly: false,
    clock: systemClock,
    random: seededRandom(1),
  });
}
