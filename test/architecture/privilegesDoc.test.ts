import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';

import { privilegeTables } from '../support/privilegeTables.ts';

const file = join(import.meta.dirname, '../../docs/PRIVILEGES.md');

test('docs/PRIVILEGES.md shows the table of privileges and the role as the program has them', async () => {
  const document = readFileSync(file, 'utf8');
  const [written = '', generated = ''] = document.split(/(?<=^<!-- generated .* -->)$/m);
  expect(generated).not.toBe('');
  const wanted = `${written}\n\n${privilegeTables()}\n`;
  expect(document).toBe(await format(wanted, { ...(await resolveConfig(file)), filepath: file }));
});
