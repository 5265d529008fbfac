import { spawnSync } from 'node:child_process';
import { test, type TestAPI } from 'vitest';

/**
 * vitest's `test` for what needs an external program. Where the program is missing, the test is skipped and its title
 * says why; under CI that is an error, because there nothing may go unproven.
 */
export function toolTest(tool: string): TestAPI {
  if (hasTool(tool)) return test;
  if (process.env['CI'] === 'true') throw new Error(`${tool} is not installed, and CI must run every test`);
  return test.skip as TestAPI;
}

function hasTool(tool: string): boolean {
  const finder = process.platform === 'win32' ? 'where' : 'which';
  return spawnSync(finder, [tool], { stdio: 'ignore' }).status === 0;
}
