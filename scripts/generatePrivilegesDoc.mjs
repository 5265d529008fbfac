// Writes the generated half of docs/PRIVILEGES.md from the table of privileges; a test compares it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

import { privilegeTables } from '../test/support/privilegeTables.ts';

const file = join(import.meta.dirname, '../docs/PRIVILEGES.md');
const mark = '<!-- generated from src/core/vsphere/privileges: npm run generate -->';
const [written = ''] = readFileSync(file, 'utf8').split(mark);
const text = `${written}${mark}\n\n${privilegeTables()}\n`;
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
