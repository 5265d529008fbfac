import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A Node whose clock is fast, as `fastTime.mjs` says, as a program in that folder. */
export function fastNode(folder: string): string {
  const script = join(folder, 'node');
  const preload = pathToFileURL(join(import.meta.dirname, 'fastTime.mjs')).href;
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' --import '${preload}' "$@"\n`, {
    mode: 0o700,
  });
  return script;
}
