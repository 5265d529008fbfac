import { begin, type BlockSource } from './blockSource.ts';

/** Bytes in memory as a source. They are not copied: changing them changes what is read. */
export function memorySource(bytes: Uint8Array): BlockSource {
  return {
    sizeBytes: bytes.byteLength,
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, memory is not
    read: async (offsetBytes, target, signal) => {
      begin('memory', bytes.byteLength, offsetBytes, target, signal);
      target.set(bytes.subarray(offsetBytes, offsetBytes + target.byteLength));
    },
  };
}
