import { expect, test } from 'vitest';

import { allOrNone } from '../../../src/base/async/allOrNone.ts';
import { JoinedProgress } from '../../../src/base/joinedProgress.ts';
import type { Progress } from '../../../src/base/progress.ts';
import { anySignal } from '../../support/anySignal.ts';

function progress(phase: string, doneBytes = 0, totalBytes?: number): Progress {
  return { phase, doneBytes, totalBytes };
}

test('operations side by side are told as the first that transfers and the sum of all', () => {
  const told: string[] = [];
  const joined = new JoinedProgress(({ phase, doneBytes, totalBytes }) =>
    told.push(`${phase} ${doneBytes}/${totalBytes ?? '?'}`),
  );
  const [web, db] = [joined.part(), joined.part()];
  db.onProgress(progress('db waits'));
  web.onProgress(progress('web snapshot'));
  db.onProgress(progress('db reads', 10, 100));
  web.onProgress(progress('web reads', 1, 50));
  db.end();
  web.onProgress(progress('web reads', 50, 50));
  web.onProgress(progress('web removes'));
  web.end();
  expect(told).toEqual([
    'db waits 0/?',
    'web snapshot 0/?',
    'db reads 10/100',
    'web reads and 1 more 11/150',
    'web reads 11/150',
    'web reads 60/150',
    'web removes 0/?',
  ]);
});

test('what is done side by side has its results in order', async () => {
  const results = await allOrNone(anySignal, [3, 1, 2], async item => {
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20]);
});

test('the first that fails ends the others, which have ended when its error comes', async () => {
  const ended: string[] = [];
  const work = allOrNone(anySignal, ['fails', 'waits'], async (item, signal) => {
    if (item === 'fails') throw new Error('of the first');
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    await new Promise(resolve => setImmediate(resolve));
    ended.push(item);
    signal.throwIfAborted();
  });
  await expect(work).rejects.toThrow('of the first');
  expect(ended).toEqual(['waits']);
});
