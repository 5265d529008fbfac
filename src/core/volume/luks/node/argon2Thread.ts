import { parentPort, workerData } from 'node:worker_threads';
import { argon2i, argon2id } from 'hash-wasm';
import { defined } from '../../../../base/assert.ts';
import type { Argon2Task } from './argon2Task.ts';

// The entry point of a thread that derives one key and ends. It takes the memory that the volume's owner has asked for, and
// seconds in which the thread does nothing else. The cryptography of editors has no Argon2, so that it is brought along.
const { kind, passphrase, salt, memoryKiB, passes, lanes, keyBytes } = workerData as Argon2Task;
const derive = kind === 'argon2i' ? argon2i : argon2id;
const key = await derive({
  password: Buffer.from(passphrase),
  salt,
  memorySize: memoryKiB,
  iterations: passes,
  parallelism: lanes,
  hashLength: keyBytes,
  outputType: 'binary',
});
defined(parentPort, 'the port to the thread that waits').postMessage(key);
