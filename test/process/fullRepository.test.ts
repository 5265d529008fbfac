import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test as plainTest } from 'vitest';

import { addLab, QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env['CI'] === 'true')
  throw new Error('mounting needs root, and CI must run every test');
const test = isRoot ? toolTest('mount') : plainTest.skip;

describe('a repository on a file system that is nearly full (mounted as root)', () => {
  const folder = suiteFolder('full');
  const cli = new QuiesceCli(join(folder, 'cli'));
  const mount = join(folder, 'small');
  let lab: RunningLab;

  beforeAll(async () => {
    mkdirSync(mount);
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', mount]);
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    if (isRoot) execFileSync('umount', [mount]);
  });

  test('is told before anything is asked of the VM; with room again the backup is made', async () => {
    const password = join(folder, 'password');
    writeFileSync(password, 'correct horse battery staple\n', { mode: 0o600 });
    await cli.ok(
      'repo',
      'init',
      'main',
      '--location',
      join(mount, 'repository'),
      '--password-file',
      password,
      '--no-kit',
    );
    await cli.ok(...addLab('lab', lab));
    const ballast = join(mount, 'ballast');
    writeFileSync(ballast, new Uint8Array(300_000_000));
    const refused = await cli.run('backup', 'web01');
    expect(refused.code).toBe(11);
    expect(refused.stderr).toMatch(
      /small\/repository has [\d.]+ \w+ left, at least 256 MiB are needed to begin/,
    );
    expect(refused.stderr).toContain('prune');
    expect(await lab.snapshots()).toEqual([]);
    rmSync(ballast);
    await cli.ok('backup', 'web01');
    expect(await lab.snapshots()).toHaveLength(1);
  });
});
