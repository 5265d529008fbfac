import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { consistencyTables } from '../support/consistencyTables.ts';

const document = readFileSync(join(import.meta.dirname, '../../docs/CONSISTENCY.md'), 'utf8');

test('docs/CONSISTENCY.md shows the matrix, rules and sources as the program has them', () => {
  const [, generated = ''] = document.split(/^<!-- generated .* -->$/m);
  expect(plain(generated)).toEqual(plain(consistencyTables()));
});

/** Without what only aligns tables, or escapes for Markdown. */
function plain(markdown: string): string[] {
  return markdown
    .replaceAll(/\\(?=[_*])/g, '')
    .split('\n')
    .map(line => line.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ').trim())
    .filter(line => line !== '');
}
