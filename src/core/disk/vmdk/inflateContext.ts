import { constants, createInflate, inflateSync } from 'node:zlib';

/** Inflates one piece after the other into memory that is there already. */
export interface InflateContext {
  /**
   * @param output  one byte longer than what is expected, by which too much shows
   * @returns bytes written to `output`
   * @throws for bytes that are no whole zlib stream, or one that is longer than `output`
   */
  inflate(input: Uint8Array, output: Uint8Array): number;
}

/**
 * The runtime's own function makes a stream, a window and an output for every piece, which costs more than inflating one of
 * 64 KiB. Where its streams are built otherwise than is known here, it has to do.
 */
export function inflateContext(): InflateContext {
  let reused = reusedStream();
  return {
    inflate: (input, output) => {
      const lengthBytes = reused?.(input, output);
      if (lengthBytes !== undefined) return lengthBytes;
      // What it does not do is done again without it, which says why not.
      const bytes = inflateSync(input, { chunkSize: output.byteLength, maxOutputLength: output.byteLength });
      reused = reusedStream();
      output.set(bytes);
      return bytes.byteLength;
    },
  };
}

/** What a stream of the runtime does its work with: one call takes a whole piece. Not documented, so nothing relies on it. */
interface StreamParts {
  readonly _handle?: {
    writeSync?: (flush: number, ...inputAndOutput: (Uint8Array | number)[]) => void;
    reset?: () => void;
    onerror?: () => void;
  };
  /** Room left in the output, input left. */
  readonly _writeState?: Uint32Array;
}

/** Undefined for what did not work out; then the stream is of no use any more. */
function reusedStream(): ((input: Uint8Array, output: Uint8Array) => number | undefined) | undefined {
  const stream: object = createInflate();
  const { _handle: handle, _writeState: state } = stream as StreamParts;
  const { writeSync, reset } = handle ?? {};
  if (handle === undefined || typeof writeSync !== 'function' || typeof reset !== 'function')
    return undefined;
  if (!(state instanceof Uint32Array)) return undefined;
  let failed = false;
  handle.onerror = () => (failed = true);
  return (input, output) => {
    reset.call(handle);
    writeSync.call(
      handle,
      constants.Z_FINISH,
      ...[input, 0, input.byteLength],
      ...[output, 0, output.byteLength],
    );
    const [roomLeft = 0] = state;
    // Without room left nobody knows whether that was the end.
    return failed || roomLeft === 0 ? undefined : output.byteLength - roomLeft;
  };
}
