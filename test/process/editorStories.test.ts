import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, '../host/e2e.mjs');

test('a name that is no story fails and runs none, whatever is named beside it', () => {
  const { status, stdout } = spawnSync(process.execPath, [program, 'restoreBrowser', 'restoreBrowsers'], {
    encoding: 'utf8',
  });
  const [reason, counts] = stdout.trimEnd().split('\n');
  expect(reason).toMatch(/^no such story: restoreBrowsers\. There are .*\brestoreBrowser\b/);
  expect([counts, status]).toEqual(['0 passed, 1 failed, 0 skipped', 1]);
});
