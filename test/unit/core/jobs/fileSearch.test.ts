import { describe, expect, test } from 'vitest';

import { CorruptDataError } from '../../../../src/base/errors.ts';
import {
  type FileQuery,
  searchFiles,
  type SearchStep,
} from '../../../../src/core/jobs/guestFiles/fileSearch.ts';
import { linePattern } from '../../../../src/core/jobs/guestFiles/linePattern.ts';
import { namePattern } from '../../../../src/core/jobs/guestFiles/namePattern.ts';
import { textLines } from '../../../../src/core/jobs/guestFiles/textLines.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fakeGuest, type FakeNode } from '../../../support/fakeGuest.ts';

describe('a pattern of names', () => {
  test.each([
    ['conf', 'nginx.conf', true],
    ['conf', 'Config', false],
    ['*.conf', 'nginx.conf', true],
    ['*.conf', 'nginx.conf.bak', false],
    ['ng?nx*', 'nginx', true],
    ['[a-c]*', 'b', true],
    ['[!a-c]*', 'b', false],
    ['[!a-c]*', 'd', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b-', false],
    ['*', '', true],
    ['?', '😀', true],
    ['a[b', 'a[b', true],
    ['[]]', ']', true],
    ['name(1).txt*', 'name(1).txt', true],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(namePattern(pattern, true)(name)).toBe(expected);
  });

  test('in whatever case', () => {
    expect(namePattern('CONF', false)('nginx.Conf')).toBe(true);
    expect(namePattern('*.CONF', false)('nginx.Conf')).toBe(true);
  });

  test('takes no time on a name made to take it', () => {
    expect(namePattern(`${'*a'.repeat(40)}b`, true)('a'.repeat(255))).toBe(false);
  });
});

describe('a pattern of lines', () => {
  test('a text is no expression', () => {
    const test = linePattern({ text: '1.1 [a]/(b)', isExpression: false, isCaseSensitive: true });
    expect(test(['x 1.1 [a]/(b) y', '1x1 [a]/(b)'])).toEqual([{ column: 2, length: 11 }, undefined]);
  });

  test('an expression fits each line alone', () => {
    const test = linePattern({ text: '^listen\\s+\\d+$', isExpression: true, isCaseSensitive: false });
    expect(test(['Listen 80', 'listen', '80'])).toEqual([{ column: 0, length: 9 }, undefined, undefined]);
  });

  test('an expression that is none is refused, one that never ends is stopped', () => {
    const query = { isExpression: true, isCaseSensitive: true };
    expect(() => linePattern({ ...query, text: '(' })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
    const endless = linePattern({ ...query, text: '^(a+)+$' });
    expect(() => endless([`${'a'.repeat(60)}b`])).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    expect(endless(['aa'])).toEqual([{ column: 0, length: 2 }]);
  });
});

async function linesOf(...pieces: readonly Uint8Array[]) {
  const blocks = [];
  const source = (async function* () {
    yield* pieces;
  })();
  for await (const block of textLines(source)) blocks.push(block);
  return blocks;
}

describe('the lines of a file', () => {
  test('go on over pieces, also in the middle of a character, and lose their ends', async () => {
    const bytes = Buffer.from('one\r\ntwö\nthree');
    const cut = bytes.indexOf(0xc3) + 1;
    expect(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([
      { firstLineNumber: 1, lines: ['one'] },
      { firstLineNumber: 2, lines: ['twö'] },
      { firstLineNumber: 3, lines: ['three'] },
    ]);
  });

  test('are UTF-16 with a mark, and no text with a NUL', async () => {
    const little = Buffer.from('\ufeffeins\nzwei', 'utf16le');
    expect(await linesOf(little)).toEqual([
      { firstLineNumber: 1, lines: ['eins'] },
      { firstLineNumber: 2, lines: ['zwei'] },
    ]);
    expect(await linesOf(Buffer.from(little).swap16())).toEqual(await linesOf(little));
    expect(await linesOf(Buffer.from('a\nb'), Buffer.from('c\0\n'))).toEqual([
      { firstLineNumber: 1, lines: ['a'] },
      { end: 'binary' },
    ]);
  });

  test('that never end are given up', async () => {
    const piece = new Uint8Array(1024 * 1024).fill(0x61);
    expect((await linesOf(piece, piece, piece)).at(-1)).toEqual({ end: 'longLine' });
  });
});

const text = (content: string): FakeNode => ({ kind: 'file', content: Buffer.from(content) });

const guest = fakeGuest({
  root: {
    kind: 'directory',
    entries: { etc: 'etc', bin: 'bin', loop: 'root' },
    problems: ['one entry is torn'],
  },
  etc: {
    kind: 'directory',
    entries: { 'hosts.conf': 'hosts', link: 'link', torn: 'torn', big: 'big', lost: 'lost' },
  },
  hosts: text('127.0.0.1 localhost\n::1 localhost\n10.0.0.1 db\n'),
  link: { kind: 'symlink' },
  torn: { ...text('localhost'), contentDamage: new CorruptDataError('chunk 3 is damaged') },
  big: text('localhost\n'.repeat(100)),
  lost: { kind: 'file', damage: new CorruptDataError('inode 9 is damaged') },
  bin: { kind: 'directory', entries: { tool: 'tool', 'conf.d': 'confd' } },
  tool: text('\u0000localhost'),
  confd: { kind: 'directory', entries: {} },
});

async function search(query: Partial<FileQuery>, path = '/') {
  const node = await guest.fileSystem.lookup(path, anySignal);
  const place = { deviceKey: 2000, volumeIndex: 1, fileSystem: guest.fileSystem, node, path };
  const steps: SearchStep[] = [];
  const whole = { isNameCaseSensitive: true, maxFileBytes: 500, maxLines: 2, ...query };
  for await (const step of searchFiles(place, whole, anySignal)) steps.push(step);
  return {
    found: steps.flatMap(step => (step.kind === 'found' ? [step] : [])),
    paths: steps.flatMap(step => (step.kind === 'found' ? [step.path] : [])),
    unsearched: steps.flatMap(step =>
      step.kind === 'unsearched' ? [[step.path, step.reason, step.problem]] : [],
    ),
    lookedAt: steps.reduce((sum, step) => sum + (step.kind === 'looked' ? step.count : 0), 0),
  };
}

describe('a search in a guest', () => {
  test('finds names of every kind, and says what is damaged', async () => {
    const { paths, unsearched, lookedAt } = await search({ name: 'conf' });
    expect(paths).toEqual(['/etc/hosts.conf', '/bin/conf.d']);
    expect(unsearched).toEqual([
      ['/', 'unreadable', 'one entry is torn'],
      ['/loop', 'unreadable', expect.stringContaining('lies in itself')],
    ]);
    expect(lookedAt).toBe(10);
  });

  test('finds by its name what cannot be read', async () => {
    const { found, unsearched } = await search({ name: 'lost' }, '/etc');
    expect(found).toMatchObject([{ path: '/etc/lost', stat: undefined, nodeKind: 'file' }]);
    expect(unsearched).toEqual([['/etc/lost', 'unreadable', 'inode 9 is damaged']]);
  });

  test('finds text with its lines, and names what it has not searched', async () => {
    const query = { text: 'LOCALHOST', isExpression: false, isCaseSensitive: false };
    const { found, unsearched } = await search({ text: query, maxLines: 1 });
    expect(found).toMatchObject([
      {
        path: '/etc/hosts.conf',
        lines: [{ number: 1, text: '127.0.0.1 localhost', match: { column: 10, length: 9 } }],
        hasMoreLines: true,
      },
    ]);
    expect(unsearched.slice(1, -1).map(([path, reason]) => [path, reason])).toEqual([
      ['/etc/torn', 'unreadable'],
      ['/etc/big', 'large'],
      ['/etc/lost', 'unreadable'],
      ['/bin/tool', 'binary'],
    ]);
  });

  test('a name and a text are both wanted', async () => {
    const query = { text: 'db$', isExpression: true, isCaseSensitive: true };
    expect((await search({ text: query, name: '*.conf' })).paths).toEqual(['/etc/hosts.conf']);
    expect((await search({ text: query, name: '*.cfg' })).paths).toEqual([]);
  });

  test('shows of a long line what is around the match', async () => {
    const long = fakeGuest({
      root: { kind: 'directory', entries: { a: 'a' } },
      a: text(`${'x'.repeat(900)}needle${'y'.repeat(900)}`),
    });
    const place = {
      deviceKey: 1,
      volumeIndex: 0,
      fileSystem: long.fileSystem,
      node: long.fileSystem.root,
      path: '/',
    };
    const query = {
      text: { text: 'needle', isExpression: false, isCaseSensitive: true },
      isNameCaseSensitive: true,
      maxFileBytes: 1e6,
      maxLines: 5,
    };
    const { value: step } = await searchFiles(place, query, anySignal).next();
    const [line] = step?.kind === 'found' ? step.lines : [];
    expect(line?.text.length).toBe(400);
    expect(line?.text.slice(line.match.column, line.match.column + line.match.length)).toBe('needle');
  });
});
