// `npm run package [TARGET]`: quiesce-VERSION.vsix, to be installed with `code --install-extension`.
import { readFile, stat } from 'node:fs/promises';

import { packageExtension } from './vsix.mjs';

const { name, version } = JSON.parse(await readFile('package.json', 'utf8'));
const target = process.argv[2] ?? `${name}-${version}.vsix`;
packageExtension(target);
console.log(`${target}: ${((await stat(target)).size / 1e6).toFixed(2)} MB`);
