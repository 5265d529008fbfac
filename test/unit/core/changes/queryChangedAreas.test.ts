import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { type AskForAreas, queryChangedAreas } from '../../../../src/core/changes/queryChangedAreas.ts';
import { vimFault } from '../../../../src/core/vsphere/faults.ts';
import type { Vim } from '../../../../src/core/vsphere/vimCaller.ts';
import { anySignal } from '../../../support/anySignal.ts';

const chunkBytes = 16;
const disk = { diskBytes: 1000, chunkBytes };

/** Answers one call after the other; a call more than there are answers is a failure of the test. */
function script(...answers: readonly (Vim<'DiskChangeInfo'> | Error)[]): {
  readonly ask: AskForAreas;
  readonly asked: number[];
} {
  const asked: number[] = [];
  const ask: AskForAreas = async startBytes => {
    const answer = answers[asked.length];
    asked.push(startBytes);
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { ask, asked };
}

function answer(
  startOffset: number,
  length: number,
  ...areas: readonly (readonly [number, number])[]
): Vim<'DiskChangeInfo'> {
  return { startOffset, length, changedArea: areas.map(([start, size]) => ({ start, length: size })) };
}

test('one answer after the other, to the end of the disk', async () => {
  const { ask, asked } = script(
    answer(0, 100, [5, 1]),
    { startOffset: 100, length: 300 },
    answer(400, 1),
    answer(401, 599, [500, 40], [999, 1]),
  );
  const told = await queryChangedAreas(ask, disk, anySignal);
  expect(asked).toEqual([0, 100, 400, 401]);
  if (told.kind !== 'areas') throw new Error(told.detail);
  expect([...told.chunks.runs()]).toEqual([
    { first: 0, end: 1 },
    { first: 31, end: 34 },
    { first: 62, end: 63 },
  ]);
  expect([told.toldBytes, told.chunks.sizeBytes]).toEqual([42, 16 + 48 + 8]);
});

test.each<readonly [string, string, readonly (Vim<'DiskChangeInfo'> | Error)[]]>([
  ['answer-invalid', 'an answer about another place', [answer(16, 984)]],
  ['answer-invalid', 'an answer that advances nowhere', [answer(0, 100), answer(100, 0)]],
  ['answer-invalid', 'an answer that goes back', [answer(0, 100), answer(100, -50)]],
  ['answer-invalid', 'an answer beyond the disk', [answer(0, 1001)]],
  ['answer-invalid', 'an area beyond the disk', [answer(0, 1000, [999, 2])]],
  ['answer-invalid', 'an area in front of what was asked', [answer(0, 100), answer(100, 900, [99, 1])]],
  ['answer-invalid', 'an area of less than nothing', [answer(0, 1000, [10, -1])]],
  ['answer-invalid', 'an area at no place', [answer(0, 1000, [Number.NaN, 1])]],
  ['file-fault', 'a list of changes that cannot be read', [fault('FileFault')]],
  ['file-fault', 'one that cannot be read further on', [answer(0, 10), fault('FileFault')]],
  ['file-fault', 'one that is missing', [fault('FileNotFound')]],
  ['change-id-unknown', 'a moment nobody knows', [fault('InvalidArgument', { invalidProperty: 'changeId' })]],
  ['change-id-unknown', 'an argument without a name', [fault('InvalidArgument')]],
  ['query-refused', 'another argument', [fault('InvalidArgument', { invalidProperty: 'startOffset' })]],
  ['query-denied', 'a privilege that is missing', [fault('NoPermission')]],
  ['query-unsupported', 'what the server cannot do', [fault('NotSupported')]],
  ['query-unsupported', 'a method it does not know', [fault('MethodNotFound')]],
  ['query-refused', 'any other fault', [fault('SystemError')]],
])('%s: %s', async (reason, _what, answers) => {
  const { ask, asked } = script(...answers);
  expect(await queryChangedAreas(ask, disk, anySignal)).toMatchObject({ kind: 'refused', reason });
  expect(asked).toHaveLength(answers.length);
});

test.each([
  ['the connection', new AppError('UNREACHABLE', 'gone')],
  ['the snapshot', fault('ManagedObjectNotFound')],
  ['the session', fault('NotAuthenticated')],
  ['the host', fault('HostNotReachable')],
])('%s that is gone says nothing of the disk, and ends the backup', async (_what, error) => {
  const { ask } = script(error);
  await expect(queryChangedAreas(ask, disk, anySignal)).rejects.toBe(error);
});

test('who is cancelled asks no more', async () => {
  const abort = new AbortController();
  const ask: AskForAreas = async startBytes => {
    abort.abort();
    return answer(startBytes, 1);
  };
  await expect(queryChangedAreas(ask, disk, abort.signal)).rejects.toThrow();
});

const areas = fc.array(
  fc
    .nat(disk.diskBytes - 1)
    .chain(start =>
      fc.record({ start: fc.constant(start), length: fc.integer({ min: 1, max: disk.diskBytes - start }) }),
    ),
  { maxLength: 10 },
);

test('however a server cuts its answers, the chunks are those that the areas touch', async () => {
  await fc.assert(
    fc.asyncProperty(
      areas,
      fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 }),
      async (told, cuts) => {
        let call = 0;
        // A server may tell an area in each of the answers it reaches into, cut off in front or not at all behind.
        const ask: AskForAreas = async startBytes => {
          const length = Math.min(cuts[call] ?? disk.diskBytes, disk.diskBytes - startBytes);
          call += 1;
          const changedArea = told
            .filter(({ start, length: size }) => start < startBytes + length && start + size > startBytes)
            .map(({ start, length: size }) => {
              const from = Math.max(start, startBytes);
              return { start: from, length: start + size - from };
            });
          return { startOffset: startBytes, length, changedArea };
        };
        const answered = await queryChangedAreas(ask, disk, anySignal);
        if (answered.kind !== 'areas') throw new Error(answered.detail);
        const expected = new Set<number>();
        for (const { start, length } of told)
          for (let byte = start; byte < start + length; byte += 1)
            expected.add(Math.floor(byte / chunkBytes));
        const chunks = [...answered.chunks.runs()].flatMap(({ first, end }) =>
          Array.from({ length: end - first }, (_, index) => first + index),
        );
        expect(chunks).toEqual([...expected].sort((one, other) => one - other));
      },
    ),
  );
});

function fault(type: string, fields: Record<string, unknown> = {}): Error {
  return vimFault({ _type: type, ...fields }, '', 'QueryChangedDiskAreas', 'web01');
}
