import { expect, test } from 'vitest';

import { parseTypedTime } from '../../../src/base/typedTime.ts';

test('times are written as people write them', () => {
  expect(['90 min', '24h', ' 7 d ', '2w'].map(parseTypedTime)).toEqual([
    5_400_000, 86_400_000, 604_800_000, 1_209_600_000,
  ]);
  for (const text of ['', '24', '0 h', '-1 h', '1.5 h', '1 y', '9999999 h'])
    expect(() => parseTypedTime(text), text).toThrow('is not a time');
});
