import { expect, test } from 'vitest';
import { changedProperties } from '../../../../src/core/inventory/propertyChange.ts';

const paths = ['name', 'config.hardware.device', 'config.flags', 'disabledMethod'];
const disk = (key: number, label = 'disk') => ({ key, deviceInfo: { label, summary: '' } });
const before = { name: 'web01', 'config.hardware.device': [disk(2000), disk(2001)], disabledMethod: ['a'] };

test.each([
  ['a value', { name: 'name', op: 'assign', val: 'web02' }, { ...before, name: 'web02' }],
  ['a value that is no longer set', { name: 'name', op: 'remove' }, without('name')],
  ['a value that goes with what held it', { name: 'name', op: 'indirectRemove' }, without('name')],
  [
    'a value that was not set',
    { name: 'config.flags', op: 'assign', val: { snapshotDisabled: true } },
    { ...before, 'config.flags': { snapshotDisabled: true } },
  ],
  [
    'an element that is new',
    { name: 'config.hardware.device[2002]', op: 'add', val: disk(2002) },
    { ...before, 'config.hardware.device': [disk(2000), disk(2001), disk(2002)] },
  ],
  [
    'an element added to its list',
    { name: 'config.hardware.device', op: 'add', val: disk(2002) },
    { ...before, 'config.hardware.device': [disk(2000), disk(2001), disk(2002)] },
  ],
  [
    'an element that is different, in its place',
    { name: 'config.hardware.device[2000]', op: 'assign', val: disk(2000, 'new') },
    { ...before, 'config.hardware.device': [disk(2000, 'new'), disk(2001)] },
  ],
  [
    'an element that is gone',
    { name: 'config.hardware.device[2000]', op: 'remove' },
    { ...before, 'config.hardware.device': [disk(2001)] },
  ],
  [
    'a field inside of an element',
    { name: 'config.hardware.device[2001].deviceInfo.label', op: 'assign', val: 'new' },
    { ...before, 'config.hardware.device': [disk(2000), disk(2001, 'new')] },
  ],
  [
    'everything below a path, new',
    { name: 'config', op: 'assign', val: { hardware: { device: [disk(1)] } } },
    { ...before, 'config.hardware.device': [disk(1)] },
  ],
  ['everything below a path, gone', { name: 'config', op: 'remove' }, without('config.hardware.device')],
])('%s', (_, change, after) => {
  const kept = structuredClone(before);
  expect(changedProperties(before, change, paths)).toEqual(after);
  // Others may still look at the values from before.
  expect(before).toEqual(kept);
});

test.each([
  { name: 'config.hardware.device[9].deviceInfo', op: 'assign', val: {} },
  { name: 'guest', op: 'assign', val: {} },
])('$name, which nobody has told or asked for, is refused', change => {
  expect(() => changedProperties(before, change, paths)).toThrow(
    expect.objectContaining({ code: 'CORRUPT_DATA' }),
  );
});

function without(path: string): unknown {
  return Object.fromEntries(Object.entries(before).filter(([key]) => key !== path));
}
