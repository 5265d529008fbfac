import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

test('docs/PROTOCOL.md was looked at after the last change of the protocol', () => {
  const folder = join(root, 'src/protocol');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.ts')) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  }
  const text = readFileSync(join(root, 'docs/PROTOCOL.md'), 'utf8');
  // Read the page against the change, mend it, then put the new hash there.
  expect(/SHA-256 of `src\/protocol\/\*\.ts`: `([0-9a-f]{16})`/.exec(text)?.[1]).toBe(
    hash.digest('hex').slice(0, 16),
  );
});
