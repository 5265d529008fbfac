import { expect, test } from 'vitest';

import { AppError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Tag } from '../../../src/core/vsphere/node/tags.ts';
import { LiveTags, type LiveTagsDeps } from '../../../src/worker/liveTags.ts';
import { ManualClock } from '../../support/manualClock.ts';

const gold: Tag = { id: 'urn:gold', name: 'Gold', category: 'Tier' };

function bench(read: LiveTagsDeps['read']) {
  const clock = new ManualClock();
  const asked: (readonly string[])[] = [];
  const changed: (readonly string[])[] = [];
  const tags = new LiveTags({
    ...{ clock, logger: silentLogger },
    read: async (vmIds, signal) => {
      asked.push(vmIds);
      return await read(vmIds, signal);
    },
  });
  const refresh = async (...ids: readonly string[]) => {
    tags.refresh(
      () => ids,
      different => changed.push(different),
    );
    await new Promise(resolve => setImmediate(resolve));
  };
  return { clock, tags, asked, changed, refresh };
}

test('tells which VMs have other tags than before, and only those', async () => {
  let answer = new Map([['vm-1', [gold]]]);
  const { clock, tags, changed, refresh } = bench(async () => await Promise.resolve(answer));
  await refresh('vm-1', 'vm-2');
  expect(tags.of('vm-1')).toEqual([gold]);
  expect(tags.of('vm-2')).toEqual([]);
  await clock.advance(30_000);
  await refresh('vm-1', 'vm-2');
  answer = new Map([['vm-2', [gold]]]);
  await clock.advance(30_000);
  await refresh('vm-1', 'vm-2');
  expect(changed).toEqual([['vm-1'], ['vm-1', 'vm-2']]);
});

test('asks once for all who look at the same time, and again only after a pause', async () => {
  let answer: (tags: ReadonlyMap<string, readonly Tag[]>) => void = () => undefined;
  const { clock, asked, refresh } = bench(
    async () => await new Promise<ReadonlyMap<string, readonly Tag[]>>(resolve => (answer = resolve)),
  );
  await refresh('vm-1');
  await clock.advance(60_000);
  await refresh('vm-1');
  expect(asked).toHaveLength(1);
  answer(new Map());
  await refresh('vm-1');
  await refresh('vm-1');
  expect(asked).toHaveLength(2);
});

test('keeps what it knew while the server fails, and asks again', async () => {
  let isLost = false;
  const { clock, tags, asked, changed, refresh } = bench(async () => {
    if (isLost) throw new AppError('UNREACHABLE', 'vc does not answer');
    return await Promise.resolve(new Map([['vm-1', [gold]]]));
  });
  await refresh('vm-1');
  isLost = true;
  await clock.advance(30_000);
  await refresh('vm-1');
  expect(tags.of('vm-1')).toEqual([gold]);
  expect(changed).toHaveLength(1);
  await clock.advance(30_000);
  await refresh('vm-1');
  expect(asked).toHaveLength(3);
});

test('does not ask again a server that has no tags', async () => {
  const { clock, asked, refresh } = bench(async () => {
    throw await Promise.resolve(new AppError('UNSUPPORTED_FORMAT', 'vc has no REST interface'));
  });
  await refresh('vm-1');
  await clock.advance(60_000);
  await refresh('vm-1');
  expect(asked).toHaveLength(1);
});

test('ends with what it began, and begins nothing afterwards', async () => {
  const { tags, asked, refresh } = bench(
    async (_, signal) =>
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new AppError('CANCELLED', 'ended'))),
      ),
  );
  await refresh('vm-1');
  await tags[Symbol.asyncDispose]();
  await refresh('vm-1');
  expect(asked).toHaveLength(1);
});
