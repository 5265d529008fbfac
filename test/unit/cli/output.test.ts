import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AppError, CorruptDataError } from '../../../src/base/errors.ts';
import type { Progress } from '../../../src/base/progress.ts';
import { RateMeter } from '../../../src/base/rateMeter.ts';
import { GiB, MiB } from '../../../src/base/units.ts';
import {
  exitCodes,
  goalsMissed,
  leftoversRemain,
  levelNotReached,
  levelUnproven,
} from '../../../src/cli/exitCodes.ts';
import { describeError, errorValue, table } from '../../../src/cli/output.ts';
import { WaitMeter } from '../../../src/base/waitMeter.ts';
import { describeProgress, openProgressLine } from '../../../src/cli/progressLine.ts';
import { ManualClock } from '../../support/manualClock.ts';

test('the exit codes are those of the document, each with one meaning', () => {
  const text = readFileSync(`${import.meta.dirname}/../../../docs/CLI.md`, 'utf8');
  const section = text.slice(text.indexOf('## Exit codes'));
  const documented = [...section.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)].map(row => Number(row[1]));
  const used = [0, leftoversRemain, goalsMissed, levelNotReached, levelUnproven, ...Object.values(exitCodes)];
  expect(documented).toEqual([...new Set(used)].toSorted((one, other) => one - other));
  expect(used).toHaveLength(new Set(used).size);
});

describe('a table', () => {
  test('is as wide as its widest cells, without blanks at the end', () => {
    const rows = [
      ['2000', '1 GiB', 'Hard disk 1'],
      ['16000', '512 MiB', ''],
    ];
    expect(table(['KEY', 'SIZE', 'LABEL'], rows, new Set([1]))).toBe(
      ['KEY       SIZE  LABEL', '2000     1 GiB  Hard disk 1', '16000  512 MiB'].join('\n'),
    );
  });

  test('without rows is its header', () => {
    expect(table(['ID', 'NAME'], [])).toBe('ID  NAME');
  });
});

describe('an error', () => {
  const root = new Error('ECONNREFUSED 127.0.0.1:443');
  const error = new AppError('UNREACHABLE', 'vc.example does not answer', {
    object: 'vc.example',
    remedy: 'Check the address',
    cause: new Error('socket closed', { cause: root }),
  });

  test('is told with its reasons and what to do', () => {
    expect(describeError(error)).toBe(
      [
        'Error: vc.example does not answer',
        '  because socket closed',
        '  because ECONNREFUSED 127.0.0.1:443',
        '  What to do: Check the address',
      ].join('\n'),
    );
  });

  test('does not repeat itself', () => {
    const wrapped = new CorruptDataError('the pack is damaged: MAC', {
      cause: new Error('MAC'),
      remedy: 'Look',
    });
    expect(describeError(wrapped)).toBe('Error: the pack is damaged: MAC\n  What to do: Look');
  });

  test('is one JSON value for programs', () => {
    expect(errorValue(error)).toEqual({
      error: {
        code: 'UNREACHABLE',
        message: 'vc.example does not answer',
        object: 'vc.example',
        remedy: 'Check the address',
        retryable: true,
      },
    });
  });
});

describe('progress', () => {
  async function described(progress: Progress, samples: readonly number[]): Promise<string> {
    const clock = new ManualClock();
    const meter = new RateMeter(clock);
    for (const doneBytes of samples) {
      meter.update(doneBytes);
      await clock.advance(1000);
    }
    return describeProgress(progress, meter, new WaitMeter(clock));
  }
  const reading = { phase: 'Reading disk 2000', doneBytes: 1.5 * GiB, totalBytes: 4 * GiB };

  test.each([
    ['before the first bytes', { ...reading, doneBytes: 0, totalBytes: undefined }, [], 'Reading disk 2000'],
    ['of nothing', { ...reading, doneBytes: 0, totalBytes: 0 }, [], 'Reading disk 2000'],
    ['before a rate is known', reading, [], 'Reading disk 2000  1.5 GiB of 4 GiB (37 %)'],
    [
      'with rate and time left',
      reading,
      [1.4 * GiB, 1.5 * GiB],
      'Reading disk 2000  1.5 GiB of 4 GiB (37 %)  102 MiB/s  25 s left',
    ],
    [
      'of an unknown total',
      { ...reading, totalBytes: undefined },
      [0, 10 * MiB],
      'Reading disk 2000  1.5 GiB  10 MiB/s',
    ],
    [
      'at the end',
      { ...reading, doneBytes: 4 * GiB },
      [3 * GiB, 4 * GiB],
      'Reading disk 2000  4 GiB of 4 GiB (100 %)  1 GiB/s',
    ],
    ['at a standstill', reading, [1.5 * GiB, 1.5 * GiB], 'Reading disk 2000  1.5 GiB of 4 GiB (37 %)  0 B/s'],
  ] as const)('%s', async (_when, progress, samples, expected) => {
    expect(await described(progress, samples)).toBe(expected);
  });

  /** What a stream of that kind is written. */
  function stream(terminal: { readonly columns: number } | undefined) {
    let text = '';
    const write = (piece: string) => {
      text += piece;
      return true;
    };
    const isTTY = terminal !== undefined;
    return { out: { write, isTTY, ...terminal } as unknown as NodeJS.WriteStream, text: () => text };
  }

  async function shown(out: NodeJS.WriteStream, silent = false): Promise<void> {
    const clock = new ManualClock();
    using line = openProgressLine(clock, out, silent);
    for (let done = 0; done <= 20; done += 1) {
      line.listener({
        phase: done < 20 ? 'Reading' : 'Writing',
        doneBytes: done * MiB,
        totalBytes: 20 * MiB,
      });
      await clock.advance(1000);
    }
  }

  test('in a file is a line now and then, and for each phase', async () => {
    const { out, text } = stream(undefined);
    await shown(out);
    expect(
      text()
        .split('\n')
        .map(line => line.split('  ').slice(0, 2).join(' ')),
    ).toEqual([
      'Reading 0 B of 20 MiB (0 %)',
      'Reading 10 MiB of 20 MiB (50 %)',
      'Writing 20 MiB of 20 MiB (100 %)',
      '',
    ]);
  });

  test('on a terminal is one line, rewritten and never wider, and a fresh one at the end', async () => {
    const { out, text } = stream({ columns: 30 });
    await shown(out);
    const lines = text().split('\n');
    expect(lines.map(line => line.split('\r\x1b[K').length - 1)).toEqual([20, 1, 0]);
    for (const rewritten of text().split(/\n|\r\x1b\[K/)) expect(rewritten.length).toBeLessThan(30);
  });

  test('is silent when a program reads', async () => {
    const { out, text } = stream({ columns: 80 });
    await shown(out, true);
    expect(text()).toBe('');
  });
});
