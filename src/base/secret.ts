const hidden = '‹secret›';

/**
 * A password or key on its way to the one place that needs it. It shows as ‹secret› in every log, error, JSON text
 * and debugger; only `reveal()` gives it out.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden;
  }
}
