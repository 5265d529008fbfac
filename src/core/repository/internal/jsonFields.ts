import { CorruptDataError } from '../../../base/errors.ts';
import { parseBlobId, type BlobId } from '../../codec/blobId.ts';

/** Reads an object of JSON that others wrote: a field that is missing or of another type is a CorruptDataError. */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** @param what  names the object in errors */
  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CorruptDataError(`${what}: not a JSON object`, { object: what });
    this.#fields = value as Readonly<Record<string, unknown>>;
    this.#what = what;
  }

  /** Parses text and begins with the object it holds; the text itself never shows in an error. */
  static parse(json: Uint8Array, what: string): JsonFields {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8'));
    } catch {
      throw new CorruptDataError(`${what}: not JSON`, { object: what });
    }
    return new JsonFields(value, what);
  }

  string(field: string): string {
    const value = this.#own(field);
    if (typeof value !== 'string') throw this.error(field, 'a text');
    return value;
  }

  /** Undefined if the field is missing, null or empty: the format leaves empty texts out. */
  optionalString(field: string): string | undefined {
    return this.#isAbsent(field) || this.#own(field) === '' ? undefined : this.string(field);
  }

  integer(field: string, range: { readonly min: number; readonly max: number }): number {
    const value = this.#own(field);
    if (!Number.isSafeInteger(value) || (value as number) < range.min || (value as number) > range.max)
      throw this.error(field, `an integer of ${range.min} … ${range.max}`);
    return value as number;
  }

  /** 0 if the field is missing or null. */
  optionalInteger(field: string, range: { readonly min: number; readonly max: number }): number {
    return this.#isAbsent(field) ? 0 : this.integer(field, range);
  }

  optionalBoolean(field: string): boolean {
    const value = this.#own(field) ?? false;
    if (typeof value !== 'boolean') throw this.error(field, 'true or false');
    return value;
  }

  id(field: string): BlobId {
    return parseBlobId(this.#own(field), `${this.#what}: ${field}`);
  }

  optionalId(field: string): BlobId | undefined {
    return this.#isAbsent(field) ? undefined : this.id(field);
  }

  /** Empty if the field is missing or null, as the format writes an empty list. */
  list(field: string): readonly unknown[] {
    const value = this.#own(field) ?? [];
    if (!Array.isArray(value)) throw this.error(field, 'a list');
    return value;
  }

  strings(field: string): readonly string[] {
    return this.list(field).map(item => {
      if (typeof item !== 'string') throw this.error(field, 'a list of texts');
      return item;
    });
  }

  base64(field: string, maxBytes: number): Uint8Array {
    const text = this.string(field);
    if (text.length > maxBytes * 2) throw this.error(field, `at most ${maxBytes} bytes`);
    return new Uint8Array(Buffer.from(text, 'base64'));
  }

  error(field: string, expected: string): CorruptDataError {
    return new CorruptDataError(`${this.#what}: ${field} is not ${expected}`, { object: this.#what });
  }

  #own(field: string): unknown {
    return Object.hasOwn(this.#fields, field) ? this.#fields[field] : undefined;
  }

  #isAbsent(field: string): boolean {
    return (this.#own(field) ?? null) === null;
  }
}
