import { expect, test } from 'vitest';

import { admission } from '../../../src/worker/admission.ts';

const worker = { protocolVersion: 2, productVersion: '1.2.0' };

test.each([
  ['the same', 2, '1.2.0', 0, 'welcome'],
  ['the same, busy', 2, '1.2.0', 3, 'welcome'],
  ['an older product', 2, '1.1.9', 0, 'welcome'],
  ['a newer product, idle', 2, '1.10.0', 0, 'leave'],
  ['a newer product, busy', 2, '1.10.0', 1, 'welcome-for-now'],
  ['a newer protocol, idle', 3, '1.2.0', 0, 'leave'],
] as const)('%s', (_, protocolVersion, productVersion, runningJobs, expected) => {
  expect(admission({ protocolVersion, productVersion }, worker, runningJobs)).toBe(expected);
});

test.each([
  ['an older protocol', 1, '1.1.0', 0, { code: 'UNSUPPORTED_FORMAT', retryable: false }],
  ['a newer protocol, busy', 3, '2.0.0', 2, { code: 'CONFLICT', retryable: true }],
] as const)('%s is refused', (_, protocolVersion, productVersion, runningJobs, expected) => {
  expect(() => admission({ protocolVersion, productVersion }, worker, runningJobs)).toThrow(
    expect.objectContaining(expected),
  );
});
