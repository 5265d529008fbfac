import { spawnSync } from 'node:child_process';
import { test, type TestAPI } from 'vitest';

/**
 * vitest's `test` for what needs external programs. Where one is missing, the test is skipped and its title
 * says why; under CI that is an error, because there nothing may go unproven.
 */
export function toolTest(...tools: readonly string[]): TestAPI {
  const missing = tools.find(tool => !hasTool(tool));
  if (missing === undefined) return test;
  if (process.env['CI'] === 'true')
    throw new Error(`${missing} is not installed, and CI must run every test`);
  return test.skip as TestAPI;
}

function hasTool(tool: string): boolean {
  const finder = process.platform === 'win32' ? 'where' : 'which';
  return spawnSync(finder, [tool], { stdio: 'ignore' }).status === 0;
}
