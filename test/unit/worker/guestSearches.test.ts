import { expect, test } from 'vitest';

import type { FoundFile, SearchStep } from '../../../src/core/jobs/guestFiles/fileSearch.ts';
import type { Repository } from '../../../src/core/repository/repository.ts';
import { GuestSearches } from '../../../src/worker/guestSearches.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { anySignal } from '../../support/anySignal.ts';

const point = { repository: 'main', point: 'p' };
const repository = {} as Repository;
const looked: SearchStep = { kind: 'looked', count: 100 };

function found(path: string): FoundFile {
  const place = { deviceKey: 2000, volumeIndex: 1, path, nodeKind: 'file' as const };
  return { kind: 'found', ...place, stat: undefined, lines: [], hasMoreLines: false };
}

function fixture(steps: (signal: AbortSignal) => AsyncGenerator<SearchStep, void, undefined>) {
  const clock = new ManualClock();
  const gone = new AbortController();
  const searches = new GuestSearches(clock, gone.signal);
  return { clock, gone, searches, id: searches.begin(point, repository, steps) };
}

test('a search goes on only while somebody asks, and tells at once what it has found', async () => {
  let steps = 0;
  const { clock, searches, id } = fixture(async function* () {
    for (; steps < 4; steps += 1) {
      await clock.advance(200);
      yield steps === 0 ? looked : found(`/${steps}`);
    }
  });
  expect(steps).toBe(0);
  expect(await searches.more(id, repository, anySignal)).toMatchObject({
    ...{ found: [{ path: '/1' }], lookedAtCount: 100, isEnd: false },
  });
  expect(steps).toBe(1);
  for (const path of ['/2', '/3'])
    expect((await searches.more(id, repository, anySignal)).found).toMatchObject([{ path }]);
  expect(await searches.more(id, repository, anySignal)).toMatchObject({ found: [], isEnd: true });
  await expect(searches.more(id, repository, anySignal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('whoever waits hears something every second, and no more at once than a page', async () => {
  const { clock, searches, id } = fixture(async function* () {
    for (let index = 0; index < 3; index += 1) {
      await clock.advance(400);
      yield looked;
    }
    for (let index = 0; index < 250; index += 1) yield found(`/${index}`);
  });
  expect(await searches.more(id, repository, anySignal)).toMatchObject({ found: [], lookedAtCount: 300 });
  expect((await searches.more(id, repository, anySignal)).found).toHaveLength(200);
  expect((await searches.more(id, repository, anySignal)).found).toHaveLength(50);
});

test('a search ends with a request that is cancelled, with its client, and when it is told to', async () => {
  const endless = async function* (signal: AbortSignal): AsyncGenerator<SearchStep, void, undefined> {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    yield looked;
  };
  const { gone, searches, id } = fixture(endless);
  const cancelled = new AbortController();
  const asked = searches.more(id, repository, cancelled.signal);
  await expect(searches.more(id, repository, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
  cancelled.abort();
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  const second = searches.begin(point, repository, endless);
  const more = searches.more(second, repository, anySignal);
  gone.abort();
  await expect(more).rejects.toMatchObject({ code: 'CANCELLED' });
  const third = searches.begin(point, repository, endless);
  searches.end(third);
  expect(() => searches.pointOf(third)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('a repository that was opened anew is none that the search began in', async () => {
  const { searches, id } = fixture(async function* () {
    yield looked;
  });
  await expect(searches.more(id, {} as Repository, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
});
