import { expect, test } from 'vitest';

import { silentLogger } from '../../../src/base/logger.ts';
import { OpenPlaces } from '../../../src/worker/openPlaces.ts';
import { anySignal } from '../../support/anySignal.ts';

class Place implements AsyncDisposable {
  isClosed = false;

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}

function newPlaces() {
  const places = new OpenPlaces<string, Place>({
    kind: 'repository',
    isSame: (left, right) => left === right,
    logger: silentLogger,
  });
  let openedCount = 0;
  const open = async (params: string) =>
    await places.findOrOpen(
      'main',
      params,
      async () => {
        openedCount += 1;
        await Promise.resolve();
        return new Place();
      },
      anySignal,
    );
  return { places, open, openedCount: () => openedCount };
}

test('who opens the same at the same time gets the same, opened once', async () => {
  const { places, open, openedCount } = newPlaces();
  const [first, second] = await Promise.all([open('a'), open('a')]);
  expect(second).toBe(first);
  expect(openedCount()).toBe(1);
  expect(places.use('main').place).toBe(first);
});

test('another one takes the name, and the former is closed when its last user has gone', async () => {
  const { places, open } = newPlaces();
  const former = await open('a');
  const used = places.use('main', 'web01');
  const newer = await open('b');
  expect(newer).not.toBe(former);
  expect(places.assertOpen('main')).toBe(newer);
  expect(former.isClosed).toBe(false);
  await used[Symbol.asyncDispose]();
  expect([former.isClosed, newer.isClosed]).toEqual([true, false]);
});

test('a job keeps it from being closed, somebody who looks does not', async () => {
  const { places, open } = newPlaces();
  const place = await open('a');
  const job = places.use('main', 'web01');
  await expect(places.close('main')).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'the repository main is in use by a job on web01',
  });
  await job[Symbol.asyncDispose]();
  const look = places.use('main');
  await places.close('main');
  expect(() => places.use('main')).toThrow(expect.objectContaining({ code: 'NOT_FOUND', object: 'main' }));
  expect(place.isClosed).toBe(false);
  await look[Symbol.asyncDispose]();
  expect(place.isClosed).toBe(true);
});

test('one that cannot be opened leaves the former in its place', async () => {
  const { places, open } = newPlaces();
  const place = await open('a');
  const failing = places.open('main', 'b', async () => await Promise.reject(new Error('refused')), anySignal);
  await expect(failing).rejects.toThrow('refused');
  expect(places.assertOpen('main')).toBe(place);
});
