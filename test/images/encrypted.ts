/** What opens the committed encrypted images. */
export const encryptedPassphrase = 'correct horse, Grüße';

/** What is in each of them. */
export const encryptedFiles: ReadonlyMap<string, string> = new Map([
  ['hello.txt', 'Hello from within\n'],
  ['folder/lines.txt', Array.from({ length: 2000 }, (_, line) => `line ${line}\n`).join('')],
]);
