/** Larger values are hardly ever equal. */
const maxSharedLength = 800;
/** Beyond that, values are not as alike as they are in inventories, and remembering them costs more than it saves. */
const maxSharedCount = 20_000;

/**
 * Makes values fit to be kept for long. Equal ones become the same one: thousands of VMs have the same controllers,
 * flags and words. And they are copied: a piece of text that was read from an answer keeps the whole answer in memory.
 * Values are never changed by whoever gets them.
 */
export class SharedValues {
  readonly #known = new Map<string, unknown>();

  keep(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(item => this.keep(item));
    const isText = typeof value === 'string';
    if (!isText && (typeof value !== 'object' || value === null || value instanceof Date)) return value;
    const text = JSON.stringify(value);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const own: unknown = structuredClone(value);
    if (text.length > maxSharedLength) return own;
    if (this.#known.size >= maxSharedCount) this.#known.clear();
    // The key as well must not be a piece of the answer.
    this.#known.set(JSON.stringify(own), own);
    return own;
  }
}
