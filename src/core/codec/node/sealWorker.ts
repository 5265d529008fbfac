import { parentPort, workerData } from 'node:worker_threads';
import { defined, never } from '../../../base/assert.ts';
import { toAppError } from '../../../base/errors.ts';
import { systemRandom } from '../../../base/random.ts';
import { BlobCodec } from '../blobCodec.ts';
import { blobIdOf } from '../blobId.ts';
import { openSealer } from '../sealer.ts';
import { transferable, type SealReply, type SealRequest, type SealWorkerData } from './sealMessages.ts';

// The entry point of one sealing thread: answers requests one by one, in the order in which they come.
const port = defined(parentPort, 'the port to the pool');
const { key, compression } = workerData as SealWorkerData;
const codec = new BlobCodec(await openSealer(key), compression, systemRandom);

port.on('message', ({ taskNumber, task }: SealRequest) => {
  const reply = (result: Extract<SealReply, { result: unknown }>['result'], bytes: Uint8Array) =>
    port.postMessage({ taskNumber, result } satisfies SealReply, transferable(bytes));
  try {
    switch (task.kind) {
      case 'hash':
        reply({ id: blobIdOf(task.plain), plain: task.plain }, task.plain);
        break;
      case 'seal': {
        const blob = codec.seal(task.hashed);
        reply(blob, blob.sealed);
        break;
      }
      case 'unseal': {
        const plain = codec.unseal(task.sealed, task.expected);
        reply(plain, plain);
        break;
      }
      default:
        never(task);
    }
  } catch (error) {
    const { code, message } = toAppError(error);
    port.postMessage({ taskNumber, problem: { code, message } } satisfies SealReply);
  }
});
