import { CorruptDataError } from './errors.ts';

/**
 * Reads fields of JSON that came from outside: a file, a repository, a peer. Every read names its field; a missing
 * field or one of another type is a CorruptDataError with the path to it, never an `undefined` further on.
 */
export class JsonReader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #document: string;
  readonly #path: string;

  private constructor(value: Readonly<Record<string, unknown>>, document: string, path: string) {
    this.#value = value;
    this.#document = document;
    this.#path = path;
  }

  /**
   * Begins with the object that the text holds.
   * @param json      text, or its bytes in UTF-8
   * @param document  what it is, for errors: "manifest of restore point 1a2b3c" or a file's path
   */
  static parse(json: string | Uint8Array, document: string): JsonReader {
    let value: unknown;
    try {
      value = JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(json));
    } catch {
      // The parser's own error quotes the text, which may hold a secret: it is not kept as cause.
      throw new CorruptDataError(`${document} is not valid JSON`, { object: document });
    }
    if (!isObject(value))
      throw new CorruptDataError(`${document} does not hold an object`, { object: document });
    return new JsonReader(value, document, '');
  }

  /** Whether the field is there and not null. */
  has(field: string): boolean {
    return (this.#own(field) ?? null) !== null;
  }

  string(field: string): string {
    const value = this.#own(field);
    return typeof value === 'string' ? value : this.wrong(field, 'text');
  }

  optionalString(field: string): string | undefined {
    return this.has(field) ? this.string(field) : undefined;
  }

  /** One of a closed set of texts. */
  oneOf<T extends string>(field: string, allowed: readonly T[]): T {
    const value = this.string(field);
    return (
      allowed.find(candidate => candidate === value) ?? this.wrong(field, `one of ${allowed.join(', ')}`)
    );
  }

  /** A safe integer of zero or more: sizes, counts, keys. */
  count(field: string): number {
    return this.#integer(field, 0, Number.MAX_SAFE_INTEGER, 'a whole number');
  }

  /** A safe integer within the range. */
  integer(field: string, { min, max }: { readonly min: number; readonly max: number }): number {
    return this.#integer(field, min, max, `a whole number of ${min} … ${max}`);
  }

  boolean(field: string): boolean {
    const value = this.#own(field);
    return typeof value === 'boolean' ? value : this.wrong(field, 'true or false');
  }

  /** An RFC 3339 time. */
  date(field: string): Date {
    const value = new Date(this.string(field));
    return Number.isNaN(value.getTime()) ? this.wrong(field, 'a time') : value;
  }

  object(field: string): JsonReader {
    const value = this.#own(field);
    return isObject(value)
      ? new JsonReader(value, this.#document, this.#at(field))
      : this.wrong(field, 'an object');
  }

  objects(field: string): readonly JsonReader[] {
    const values = this.#array(field);
    return values.map((value, index) =>
      isObject(value)
        ? new JsonReader(value, this.#document, `${this.#at(field)}[${index}]`)
        : this.wrong(`${field}[${index}]`, 'an object'),
    );
  }

  strings(field: string): readonly string[] {
    return this.#array(field).map((value, index) =>
      typeof value === 'string' ? value : this.wrong(`${field}[${index}]`, 'text'),
    );
  }

  /** The object's own field names, for documents that must not hold unknown ones. */
  fields(): readonly string[] {
    return Object.keys(this.#value);
  }

  /** @throws CorruptDataError with the field's place: for values whose type alone does not make them right */
  wrong(field: string, expected: string): never {
    const problem = this.has(field) ? `is not ${expected}` : `is missing, expected ${expected}`;
    throw new CorruptDataError(`${this.#document}: ${this.#at(field)} ${problem}`, {
      object: this.#document,
    });
  }

  /** For what is wrong with the object as a whole. */
  error(problem: string): CorruptDataError {
    const where = this.#path === '' ? '' : `${this.#path} `;
    return new CorruptDataError(`${this.#document}: ${where}${problem}`, { object: this.#document });
  }

  #integer(field: string, min: number, max: number, expected: string): number {
    const value = this.#own(field);
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return fits ? value : this.wrong(field, expected);
  }

  #array(field: string): readonly unknown[] {
    const value = this.#own(field);
    return Array.isArray(value) ? value : this.wrong(field, 'a list');
  }

  #own(field: string): unknown {
    return Object.hasOwn(this.#value, field) ? this.#value[field] : undefined;
  }

  #at(field: string): string {
    return this.#path === '' ? field : `${this.#path}.${field}`;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
