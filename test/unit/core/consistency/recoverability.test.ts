import { describe, expect, test } from 'vitest';

import { consistencyLevels } from '../../../../src/core/consistency/level.ts';
import {
  type LogChain,
  type Recoverability,
  recoverability,
  type RecoveryFacts,
} from '../../../../src/core/consistency/recovery/recoverability.ts';
import {
  granularities,
  type Granularity,
  noRollForward,
  pointInTimeOnly,
  recoveryCellId,
  recoveryColumns,
  recoveryTable,
} from '../../../../src/core/consistency/recovery/recoveryTable.ts';
import { groupSkew } from '../../../../src/core/consistency/recovery/groupSkew.ts';
import { estimateTime } from '../../../../src/core/consistency/recovery/timeEstimate.ts';
import { sources } from '../../../../src/core/consistency/sources.ts';
import { GiB, MiB } from '../../../../src/base/units.ts';

const chain: LogChain = {
  product: 'postgresql',
  instance: '15/main',
  from: new Date(0),
  to: new Date(3_600_000),
  gaps: [],
  reachesBase: true,
};

function facts(change: Partial<RecoveryFacts> = {}): RecoveryFacts {
  return {
    proven: 'application',
    coverage: 'whole-vm',
    usedVss: true,
    isDomainController: false,
    volumes: [{ name: 'C:', fileSystem: 'ext4', isReadable: true }],
    logChains: [],
    allocatedBytes: 10 * GiB,
    transfers: [{ bytes: GiB, durationMs: 10_240 }],
    ...change,
  };
}

function rowOf(granularity: Granularity, change: Partial<RecoveryFacts> = {}): Recoverability {
  return recoverability(facts(change)).find(row => row.granularity === granularity)!;
}

test('the six granularities come in their order, whatever the level', () => {
  for (const proven of consistencyLevels)
    expect(recoverability(facts({ proven })).map(({ granularity }) => granularity)).toEqual(granularities);
});

const cells = granularities.flatMap(granularity =>
  recoveryColumns.flatMap(column =>
    recoveryTable[granularity][column] === undefined
      ? []
      : [{ id: recoveryCellId(granularity, column), granularity, column }],
  ),
);

test.each(cells)('$id leads to its operation, caveats and source', ({ id, granularity, column }) => {
  const cell = recoveryTable[granularity][column]!;
  const change = column === 'log-chain' ? { logChains: [chain] } : { proven: column };
  const row = rowOf(granularity, change);
  const shown = column === 'log-chain' && granularity !== 'transaction' ? row.withLogs! : row;
  expect([shown.id, shown.operation, shown.source]).toEqual([id, cell.operation, cell.source]);
  expect(shown.caveats).toEqual(expect.arrayContaining([...cell.caveats]));
  expect(sources[cell.source].title).not.toBe('');
});

test('from nothing nothing can be recovered', () => {
  for (const change of [{ proven: 'none' }, { coverage: 'nothing' }] as const)
    expect(recoverability(facts(change)).filter(({ isPossible }) => isPossible)).toEqual([]);
});

describe('up to a transaction', () => {
  test('not without stored logs, in the words of the talk', () => {
    expect(rowOf('transaction')).toMatchObject({ isPossible: false, caveats: [noRollForward] });
  });

  test.each([
    ['a gap', { ...chain, gaps: ['0000000100000007'] }],
    ['a beginning after the image', { ...chain, reachesBase: false }],
  ])('not with %s', (_, broken) => {
    expect(rowOf('transaction', { logChains: [broken] }).isPossible).toBe(false);
    expect(rowOf('vm', { logChains: [broken] }).withLogs).toBeUndefined();
  });

  test('of a crash-consistent image as well: what counts is the chain; how far is said', () => {
    const row = rowOf('transaction', { proven: 'crash', usedVss: false, logChains: [chain] });
    expect([row.isPossible, row.caveats.at(-1)]).toEqual([
      ...[true, 'postgresql 15/main: until 1970-01-01T01:00:00.000Z'],
    ]);
  });
});

test('an image that VSS brought to rest says point in time only, others do not', () => {
  expect(rowOf('vm').caveats).toContain(pointInTimeOnly);
  expect(rowOf('vm', { usedVss: false }).caveats).not.toContain(pointInTimeOnly);
  expect(rowOf('vm', { proven: 'filesystem' }).caveats).not.toContain(pointInTimeOnly);
});

describe('guest files', () => {
  const refs = { name: 'D', fileSystem: 'ReFS', isReadable: false };
  test('not from file systems that cannot be read, which are named', () => {
    expect(rowOf('guest-file', { volumes: [refs] })).toMatchObject({
      isPossible: false,
      caveats: ['None of its file systems can be read (D: ReFS)'],
    });
  });

  test('from the others, and which are not readable is said', () => {
    const { isPossible, caveats } = rowOf('guest-file', { volumes: [...facts().volumes!, refs] });
    expect([isPossible, caveats.at(-1)]).toEqual([true, 'Files of some volumes cannot be read (D: ReFS)']);
  });

  test('nobody has looked: possible, and said to be unknown', () => {
    expect(rowOf('guest-file', { volumes: undefined }).caveats.at(-1)).toMatch(/not known yet/);
  });
});

test.each([
  ['partial', /never start a database from a torn set/],
  ['unknown', /is not known/],
] as const)('a coverage that is %s is a caveat of the whole VM', (coverage, words) => {
  expect(rowOf('vm', { coverage }).caveats.some(caveat => words.test(caveat))).toBe(true);
});

test('a domain controller is never restored as a file', () => {
  expect(rowOf('guest-file', { isDomainController: true }).caveats.at(-1)).toMatch(
    /never its database as a file/,
  );
});

describe('time', () => {
  test('is estimated from what was measured, and says on what it rests', () => {
    expect(rowOf('vm').time).toEqual({
      kind: 'estimated',
      durationMs: 102_400,
      bytesPerSecond: 100 * MiB,
      basis: { transferCount: 1, bytes: GiB },
    });
  });

  test('is unknown without measurements, without sizes, and of what is not a transfer', () => {
    expect(rowOf('vm', { transfers: [] }).time.kind).toBe('unknown');
    expect(rowOf('vm', { allocatedBytes: undefined }).time.kind).toBe('unknown');
    expect(rowOf('site').time.kind).toBe('unknown');
  });

  test('short transfers tell nothing, and only the ten newest count', () => {
    const short = { bytes: GiB, durationMs: 10 };
    const slow = { bytes: MiB, durationMs: 1000 };
    const fast = { bytes: 10 * MiB, durationMs: 1000 };
    expect(estimateTime(GiB, [short]).kind).toBe('unknown');
    const all = [...Array<typeof slow>(5).fill(slow), ...Array<typeof fast>(10).fill(fast), short];
    expect(estimateTime(GiB, all)).toMatchObject({ bytesPerSecond: 10 * MiB, basis: { transferCount: 10 } });
  });
});

test('a group’s skew is the time between its first and last moment', () => {
  expect(groupSkew([new Date(5000), new Date(1000), new Date(3000)])).toEqual({
    ...{ first: new Date(1000), last: new Date(5000), skewMs: 4000 },
  });
  expect(groupSkew([])).toBeUndefined();
});
