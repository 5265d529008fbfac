// Writes the generated half of docs/CONSISTENCY.md from the rules' own data; a test compares it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

import { consistencyTables } from '../test/support/consistencyTables.ts';

const file = join(import.meta.dirname, '../docs/CONSISTENCY.md');
const mark = '<!-- generated from src/core/consistency: npm run generate -->';
const [written = ''] = readFileSync(file, 'utf8').split(mark);
const text = `${written}${mark}\n\n${consistencyTables()}\n`;
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
