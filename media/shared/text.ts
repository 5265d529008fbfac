/** The English text is the key, `{0}`, `{1}`, … are its places. */
export type Translate = (message: string, ...values: readonly (string | number)[]) => string;

/** @param texts  translations by English text; what is missing stays English */
export function translator(texts: Readonly<Record<string, string>>): Translate {
  return (message, ...values) =>
    (Object.hasOwn(texts, message) ? (texts[message] ?? message) : message).replace(
      /\{(\d+)\}/g,
      (place, index) => String(values[Number(index)] ?? place),
    );
}
