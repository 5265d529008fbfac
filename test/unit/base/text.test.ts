import { describe, expect, test } from 'vitest';

import { RateMeter } from '../../../src/base/rateMeter.ts';
import { JsonReader } from '../../../src/base/jsonReader.ts';
import { Secret } from '../../../src/base/secret.ts';
import { formatBytes, formatDuration } from '../../../src/base/units.ts';
import { inspect } from 'node:util';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [12_345_678, '11.8 MiB'],
  [64 * 1024 ** 3, '64 GiB'],
  [999 * 1024 ** 4, '999 TiB'],
])('%d bytes read as %s', (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [61_000, '1 min 01 s'],
  [3_723_000, '1 h 02 min'],
])('%d milliseconds read as %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test('a secret shows nowhere but where it is revealed', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: Infinity, showHidden: true }),
  ];
  expect(shown.join(' ')).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});

describe('the rate meter', () => {
  function meterAt(samples: readonly (readonly [atMs: number, doneBytes: number])[]): RateMeter {
    let nowMs = 0;
    const meter = new RateMeter({
      now: () => new Date(0),
      monotonicMs: () => nowMs,
      sleep: async () => undefined,
    });
    for (const [atMs, doneBytes] of samples) {
      nowMs = atMs;
      meter.update(doneBytes);
    }
    return meter;
  }

  test.each([
    ['nothing known', [[0, 0]], undefined, undefined],
    [
      'steady',
      [
        [0, 0],
        [1000, 100],
        [2000, 200],
      ],
      100,
      8000,
    ],
    [
      'only the last ten seconds count',
      [
        [0, 0],
        [10_000, 900],
        [20_000, 910],
      ],
      1,
      90_000,
    ],
    [
      'a new phase starts anew',
      [
        [0, 500],
        [1000, 10],
        [2000, 20],
      ],
      10,
      98_000,
    ],
    [
      'standing still has no end',
      [
        [0, 10],
        [5000, 10],
      ],
      0,
      undefined,
    ],
  ] as const)('%s', (_what, samples, rate, remaining) => {
    const meter = meterAt(samples);
    expect([meter.bytesPerSecond(), meter.remainingMs(1000)]).toEqual([rate, remaining]);
  });
});

test.each([
  ['{', 'is not valid JSON'],
  ['[]', 'does not hold an object'],
  ['{"disks":[{}]}', 'disks[0].key is missing'],
  ['{"disks":[{"key":-1}]}', 'disks[0].key is not a whole number'],
  ['{"disks":{}}', 'disks is not a list'],
  ['{"disks":null}', 'disks is missing'],
])('reading %s as a document says what is wrong', (text, problem) => {
  expect(() =>
    JsonReader.parse(text, 'doc')
      .objects('disks')
      .map(disk => disk.count('key')),
  ).toThrow(problem);
});

test.each(['{"password": "hunter2', 'hunter2', '{"disks": ["hunter2"]}'])(
  'the error for %s does not quote it, not even as its cause',
  text => {
    let shown = '';
    try {
      JsonReader.parse(text, 'doc').objects('disks');
    } catch (error) {
      shown = inspect(error, { depth: Infinity, showHidden: true });
    }
    expect(shown).toContain('doc');
    expect(shown).not.toContain('hunter2');
  },
);

test('what every object inherits is no field of a document', () => {
  const json = JsonReader.parse('{"__proto__": {"name": "x"}}', 'doc');
  expect([json.has('constructor'), json.has('toString'), json.has('name')]).toEqual([false, false, false]);
  expect(() => json.object('constructor')).toThrow('constructor is missing');
  expect(json.fields()).toEqual(['__proto__']);
});
