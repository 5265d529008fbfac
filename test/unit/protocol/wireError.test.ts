import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AppError, CorruptDataError, type ErrorCode } from '../../../src/base/errors.ts';
import { fromWireError, isWireError, toWireError, type WireError } from '../../../src/protocol/wireError.ts';

const codes = ['CANCELLED', 'NOT_FOUND', 'WORKER_LOST', 'INTERNAL', 'STORAGE_FULL'] as const;

const wireErrors: fc.Arbitrary<WireError> = fc.record(
  {
    code: fc.constantFrom<ErrorCode>(...codes),
    message: fc.string(),
    object: fc.string(),
    remedy: fc.string(),
    retryable: fc.boolean(),
    causes: fc.array(fc.string(), { maxLength: 8 }),
  },
  { requiredKeys: ['code', 'message', 'retryable', 'causes'] },
);

test('an error crosses to the other side and back, through JSON, without losing anything', () => {
  fc.assert(
    fc.property(wireErrors, sent => {
      const received: unknown = JSON.parse(JSON.stringify(sent));
      expect(isWireError(received)).toBe(true);
      const error = fromWireError(received as WireError);
      expect(error).toBeInstanceOf(AppError);
      expect(toWireError(error)).toEqual(sent);
    }),
  );
});

test.each([
  [
    new CorruptDataError('chunk 1 is damaged', { object: 'chunk 1', cause: new Error('short read') }),
    { code: 'CORRUPT_DATA', message: 'chunk 1 is damaged', object: 'chunk 1', causes: ['short read'] },
  ],
  [new Error('outer', { cause: new Error('inner') }), { code: 'INTERNAL', causes: ['outer', 'inner'] }],
  [new DOMException('aborted', 'AbortError'), { code: 'CANCELLED', retryable: false }],
  ['text', { code: 'INTERNAL', message: 'text', causes: [] }],
  [new AppError('UNREACHABLE', 'away'), { code: 'UNREACHABLE', retryable: true }],
])('whatever was thrown becomes data: %s', (thrown, expected) => {
  expect(toWireError(thrown)).toMatchObject(expected);
});

test('a chain of causes that leads back into itself ends', () => {
  const first = new Error('first');
  first.cause = new Error('second', { cause: first });
  expect(toWireError(first).causes).toHaveLength(8);
});

test.each([undefined, null, 'text', {}, { code: 'NOT_FOUND', message: 'x', retryable: true }])(
  'data of a peer that is none of ours is not taken for an error: %j',
  data => {
    expect(isWireError(data)).toBe(false);
  },
);
