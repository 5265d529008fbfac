import { parentPort, workerData } from 'node:worker_threads';
import { defined, never } from '../../../base/assert.ts';
import { toAppError } from '../../../base/errors.ts';
import { freeMemory } from '../../../base/freeMemory.ts';
import { systemRandom } from '../../../base/random.ts';
import { BlobCodec } from '../blobCodec.ts';
import { blobIdOf } from '../blobId.ts';
import { openSealer } from '../sealer.ts';
import { BlobWriter } from './blobWriter.ts';
import {
  transferable,
  type SealReply,
  type SealRequest,
  type SealResults,
  type SealTask,
  type SealWorkerData,
} from './sealMessages.ts';

// The entry point of one sealing thread: begins requests in the order in which they come, and only waits for files.
const port = defined(parentPort, 'the port to the pool');
const { key, compression } = workerData as SealWorkerData;
const codec = new BlobCodec(await openSealer(key), compression, systemRandom);
const writer = new BlobWriter(codec);

port.on('message', ({ taskNumber, task }: SealRequest) => {
  const answer = (reply: SealReply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);
  const refuse = (error: unknown) => {
    const { code, message, object, remedy } = toAppError(error);
    answer({ taskNumber, problem: { code, message, object, remedy } });
  };
  try {
    if (task.kind !== 'unsealTo') {
      const { result, moved } = done(task);
      answer({ taskNumber, result }, moved.flatMap(transferable));
      return;
    }
    writer.write(task).then(result => answer({ taskNumber, result }), refuse);
  } catch (error) {
    refuse(error);
  }
});

/** @returns with the result what of it changes threads with its memory */
function done(task: Exclude<SealTask, { kind: 'unsealTo' }>): {
  readonly result: SealResults[keyof SealResults];
  readonly moved: readonly Uint8Array[];
} {
  switch (task.kind) {
    case 'hash': {
      const { plain } = task;
      return { result: { id: blobIdOf(plain), plain }, moved: [plain] };
    }
    case 'seal': {
      const blob = codec.seal(task.hashed);
      return { result: { ...blob, plain: task.hashed.plain }, moved: [blob.sealed, task.hashed.plain] };
    }
    case 'unseal': {
      const plain = codec.unseal(task.sealed, task.expected);
      freeMemory(task.sealed);
      return { result: plain, moved: [plain] };
    }
    case 'verify': {
      const { pack, blobs } = task;
      const verdict = { sha256: blobIdOf(pack), problems: codec.problemsIn(pack, blobs) };
      return { result: verdict, moved: [] };
    }
    default:
      return never(task);
  }
}
