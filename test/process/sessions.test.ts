import { expect, test } from 'vitest';

import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

interface Sessions {
  readonly live: readonly unknown[];
  readonly past: readonly unknown[];
}

test('every command logs out, whether it succeeds or fails, and says when a server has too many sessions', async () => {
  await using lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
  const cli = new QuiesceCli(temporaryFolder('sessions'));
  await cli.setUp(lab);
  const sessions = async () => (await lab.control('GET', 'sessions')) as Sessions;
  await cli.ok('vms');
  await cli.ok('backup', 'web01');
  expect((await cli.run('backup', 'nobody')).code).toBe(5);
  await lab.setFaults({ streams: [{ kind: 'cut', afterBytes: 100_000, times: 9 }] });
  expect((await cli.run('backup', 'web01')).code).toBe(7);
  await lab.clearFaults();
  const ended = await sessions();
  expect(ended.live).toEqual([]);
  expect(ended.past.length).toBeGreaterThanOrEqual(5);

  await lab.setFaults({ sessionLimit: 0 });
  const refused = await cli.run('vms', '--json');
  expect(refused.code).toBe(7);
  expect(JSON.parse(refused.stdout.toString())).toMatchObject({
    error: {
      code: 'UNREACHABLE',
      message: expect.stringContaining('HTTP status 503') as string,
      remedy: 'Wait until the server has fewer sessions or has started',
      retryable: true,
    },
  });
  await lab.clearFaults();
  await cli.ok('vms');
  expect((await sessions()).live).toEqual([]);
});
