import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { goTimeText } from '../../../../src/core/repository/internal/goJson.ts';

test.each([
  ['2026-11-22T14:34:56Z', '2026-11-22T14:34:56Z'],
  ['2026-11-22T14:34:50.000Z', '2026-11-22T14:34:50Z'],
  ['2026-11-22T14:34:56.640Z', '2026-11-22T14:34:56.64Z'],
  ['2026-11-22T14:30:00.100200300+01:00', '2026-11-22T14:30:00.1002003+01:00'],
])('%s is written as %s', (given, written) => {
  expect(goTimeText(given, 'x')).toBe(written);
});

test.each(['2026-11-22', '2026-11-22T14:34Z', '2026-11-22T14:34:56.Z', 'now'])('%s is refused', text => {
  expect(() => goTimeText(text, 'x')).toThrow(AppError);
});
