import { parentPort } from 'node:worker_threads';
import type { SealReply, SealRequest } from '../../src/core/codec/node/sealMessages.ts';
import { blobIdOf } from '../../src/core/codec/blobId.ts';

// A sealing thread that only hashes, and dies over the byte 13.
parentPort?.on('message', ({ taskNumber, task }: SealRequest) => {
  if (task.kind !== 'hash') return;
  if (task.plain[0] === 13) throw new Error('thirteen');
  const result = { id: blobIdOf(task.plain), plain: task.plain };
  parentPort?.postMessage({ taskNumber, result } satisfies SealReply);
});
