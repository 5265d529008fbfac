// As a whole: an import by name fails on a Node without zstd before anybody can say that a newer one is needed.
import zlib from 'node:zlib';

/**
 * A zstd context that is used for one frame after the other and writes into memory that is there already. The runtime's own
 * functions make a context and an output for every frame, which costs a tenth of compressing and a quarter of decompressing.
 */
export interface ZstdContext {
  /** @returns bytes written to `output`; undefined if that did not work out, and then the context is of no use any more */
  frame(input: Uint8Array, output: Uint8Array): number | undefined;
}

/** Undefined where the runtime has its streams built otherwise than is known here; then its functions have to do. */
export function zstdCompressContext(level: number): ZstdContext | undefined {
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
  return contextOf(() => zlib.createZstdCompress({ params }));
}

/** @see zstdCompressContext */
export function zstdDecompressContext(): ZstdContext | undefined {
  return contextOf(() => zlib.createZstdDecompress());
}

/** What a stream of the runtime does its work with: one call takes a whole frame. Not documented, so nothing relies on it. */
interface StreamParts {
  readonly _handle?: {
    writeSync?: (flush: number, ...inputAndOutput: (Uint8Array | number)[]) => void;
    onerror?: () => void;
  };
  /** Room left in the output, input left. */
  readonly _writeState?: Uint32Array;
}

function contextOf(open: () => object): ZstdContext | undefined {
  const stream: StreamParts = open();
  const { _handle: handle, _writeState: state } = stream;
  const writeSync = handle?.writeSync;
  if (handle === undefined || typeof writeSync !== 'function' || !(state instanceof Uint32Array))
    return undefined;
  let failed = false;
  handle.onerror = () => (failed = true);
  return {
    frame: (input, output) => {
      writeSync.call(
        handle,
        zlib.constants.ZSTD_e_end,
        ...[input, 0, input.byteLength],
        ...[output, 0, output.byteLength],
      );
      const [roomLeft = 0, inputLeft = 1] = state;
      return failed || inputLeft > 0 ? undefined : output.byteLength - roomLeft;
    },
  };
}
