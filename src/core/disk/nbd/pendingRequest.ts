import { CorruptDataError } from '../../../base/errors.ts';
import type { Extent } from '../../block/extent.ts';

/** An area of `lengthBytes` bytes behind the one before, with the flags of a context. */
export interface StatusExtent {
  readonly lengthBytes: number;
  readonly flags: number;
}

/** A request whose answer has not arrived to its end. */
export class PendingRequest {
  /** What cannot be done if it fails, for people. */
  readonly what: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Where the bytes of a read go; undefined for other requests. */
  readonly target: Uint8Array | undefined;
  readonly answer: Promise<readonly StatusExtent[]>;
  #resolve: (extents: readonly StatusExtent[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  readonly #answered: Extent[] = [];
  #extents: readonly StatusExtent[] = [];
  #error: unknown;

  constructor(what: string, offsetBytes: number, lengthBytes: number, target: Uint8Array | undefined) {
    this.what = what;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.target = target;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /**
   * The part of the target that a chunk of the answer is for.
   * @throws CORRUPT_DATA if it is outside of what was asked for
   */
  part(startBytes: number, lengthBytes: number, name: string): Uint8Array {
    const offset = startBytes - this.offsetBytes;
    if (this.target === undefined || offset < 0 || offset + lengthBytes > this.lengthBytes)
      throw new CorruptDataError(
        `${name}: the NBD server sends ${lengthBytes} bytes at ${startBytes}, asked for were ${this.lengthBytes} at ${this.offsetBytes}`,
        { object: name },
      );
    this.#answered.push({ startBytes, lengthBytes });
    return this.target.subarray(offset, offset + lengthBytes);
  }

  take(extents: readonly StatusExtent[]): void {
    this.#extents = extents;
  }

  /** An error among the chunks of an answer, whose end is still to come. */
  refuse(error: unknown): void {
    this.#error ??= error;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The answer is complete, as the server says. */
  end(name: string): void {
    if (this.#error !== undefined) this.fail(this.#error);
    else if (this.target !== undefined && !this.#isWhole())
      this.fail(
        new CorruptDataError(
          `${name}: an answer of the NBD server leaves out a part of ${this.lengthBytes} bytes`,
          {
            object: name,
          },
        ),
      );
    else if (this.target === undefined && this.#extents.length === 0)
      this.fail(new CorruptDataError(`${name}: the NBD server tells of no area`, { object: name }));
    else this.#resolve(this.#extents);
  }

  #isWhole(): boolean {
    let next = this.offsetBytes;
    for (const { startBytes, lengthBytes } of this.#answered.sort(
      (one, other) => one.startBytes - other.startBytes,
    )) {
      if (startBytes !== next) return false;
      next += lengthBytes;
    }
    return next === this.offsetBytes + this.lengthBytes;
  }
}
