import { AppError, CancelledError } from '../../base/errors.ts';

/**
 * Bytes at random access: a disk, a partition, a volume. Everything that reads disks speaks this one interface.
 * Offsets and sizes are in bytes and safe integers (8 PiB is enough for a VM).
 */
export interface BlockSource {
  readonly sizeBytes: number;
  /**
   * Fills the whole `target` from `offsetBytes` or throws: no short reads, no clipping. Several reads may be under
   * way at once. The source does not keep `target`.
   * @throws INVALID_INPUT if the range leaves the source; CANCELLED once `signal` is aborted
   */
  read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * Tells the bytes of a range without reading them: texts that are equal only where the bytes are, also between sources
   * from one repository. Undefined where only reading tells; missing where it always does.
   */
  fingerprint?(offsetBytes: number, lengthBytes: number, signal: AbortSignal): Promise<string | undefined>;
}

/** Where restored bytes go, at random access. Ranges never written read as zeros. */
export interface BlockSink {
  readonly sizeBytes: number;
  /** Stores all of `source` at `offsetBytes`; the buffer may be reused once the promise is settled. */
  write(offsetBytes: number, source: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Makes everything written durable. Nothing may be written afterwards. */
  commit(signal: AbortSignal): Promise<void>;
}

/** The range check every implementation begins `read` and `write` with. */
export function assertRange(what: string, sizeBytes: number, offsetBytes: number, lengthBytes: number): void {
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
    throw new AppError(
      'INVALID_INPUT',
      `${what}: ${lengthBytes} bytes at ${offsetBytes} leave its ${sizeBytes} bytes`,
    );
  }
}

/** How every `read` and `write` begins: what cannot be done is refused before anything happens. */
export function begin(
  what: string,
  sizeBytes: number,
  offsetBytes: number,
  buffer: Uint8Array,
  signal: AbortSignal,
): void {
  if (signal.aborted) throw new CancelledError();
  assertRange(what, sizeBytes, offsetBytes, buffer.byteLength);
}

/** Reads a range into a new array, which is the caller's. */
export async function readRange(
  source: BlockSource,
  offsetBytes: number,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(lengthBytes);
  await source.read(offsetBytes, target, signal);
  return target;
}
