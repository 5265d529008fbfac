import { expect, test } from 'vitest';

import { applySettings } from '../../../../src/lab/model/configSpec.ts';

const option = (key: string, value: unknown) => ({ key, value });

test.each([
  ['plain fields', { name: 'old', guestId: 'a' }, { name: 'new' }, { name: 'new', guestId: 'a' }],
  [
    'fields of data objects one by one',
    { flags: { diskUuidEnabled: false, vbsEnabled: true } },
    { flags: { diskUuidEnabled: true } },
    { flags: { diskUuidEnabled: true, vbsEnabled: true } },
  ],
  [
    'the one field that has another name',
    { defaultPowerOps: { powerOffType: 'soft', resetType: 'soft' } },
    { powerOpInfo: { powerOffType: 'hard' } },
    { defaultPowerOps: { powerOffType: 'hard', resetType: 'soft' } },
  ],
  [
    'options by key, an empty value removing one',
    { extraConfig: [option('a', '1'), option('b', '2'), option('c', '3')] },
    { extraConfig: [option('d', '4'), option('b', ''), option('a', '5')] },
    { extraConfig: [option('a', '5'), option('c', '3'), option('d', '4')] },
  ],
  ['not the hardware', {}, { numCPUs: 2, memoryMB: 1, deviceChange: [] }, {}],
  ['nothing that is not said', { annotation: 'kept' }, { annotation: undefined }, { annotation: 'kept' }],
])('takes over %s', (_, before, spec, after) => {
  const settings: Record<string, unknown> = structuredClone(before);
  applySettings(settings, spec);
  expect(settings).toEqual(after);
});
