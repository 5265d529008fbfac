import { describe, expect, test } from 'vitest';
import { type Command, commandHelp, parseArguments } from '../../../src/cli/command.ts';

const command: Command = {
  name: 'restore file',
  summary: 'Restore files',
  operands: ['POINT', 'PATH', '[MORE…]'],
  options: { to: { value: 'FOLDER', help: 'where to' }, overwrite: { help: 'replace files' } },
  run: async () => undefined,
};
const plain: Command = { ...command, name: 'ls', operands: ['POINT', '[PATH]'] };

describe('the words of a command', () => {
  test('are its operands, options and flags, in any order', () => {
    const words = ['ab12', '--to', '/tmp/x', '/etc', '--overwrite', '/var', '--config=c.json', '--json'];
    const args = parseArguments(command, words);
    expect([args.operand(0), args.operand(1), args.operandsFrom(1)]).toEqual([
      'ab12',
      '/etc',
      ['/etc', '/var'],
    ]);
    expect([args.option('to'), args.option('config'), args.option('state')]).toEqual([
      '/tmp/x',
      'c.json',
      undefined,
    ]);
    expect([args.flag('overwrite'), args.flag('json'), args.flag('verbose')]).toEqual([true, true, false]);
    expect([args.required('to'), args.option('overwrite'), args.optionalOperand(5)]).toEqual([
      '/tmp/x',
      undefined,
      undefined,
    ]);
  });

  test('behind -- are operands, whatever they look like', () => {
    expect(parseArguments(command, ['ab12', '--', '--to', '-x']).operandsFrom(1)).toEqual(['--to', '-x']);
  });

  test('may be missing if help is wanted', () => {
    expect(parseArguments(command, ['--help']).flag('help')).toBe(true);
  });

  test.each([
    ['a missing operand', command, ['ab12'], /PATH is missing/],
    ['a word too many', plain, ['ab12', '/etc', '/var'], /"\/var" is one word too many/],
    ['an unknown option', command, ['ab12', '/etc', '--ovrwrite'], /--ovrwrite/],
    ['an option without its value', command, ['ab12', '/etc', '--to'], /--to/],
    ['an option that took the next one', command, ['ab12', '/etc', '--to', '--overwrite'], /--to/],
    ['a value for a flag', command, ['ab12', '/etc', '--overwrite=yes'], /--overwrite/],
  ] as const)('are refused with the usage: %s', (_what, of, words, message) => {
    expect(() => parseArguments(of, words)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        object: of.name,
        message: expect.stringMatching(message) as string,
        remedy: expect.stringContaining(`Usage: quiesce ${of.name} POINT`) as string,
      }) as Error,
    );
  });

  test('are asked for by name when a command cannot do without', () => {
    const args = parseArguments(command, ['ab12', '/etc']);
    expect(() => args.required('to')).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', object: '--to' }) as Error,
    );
  });

  test.each([
    ['0', 0],
    ['2000', 2000],
    ['007', 7],
  ])('count: %s', (text, value) => {
    expect(parseArguments(command, ['p', '/', '--to', text]).count('to')).toBe(value);
  });

  test.each(['-1', '1.5', '1e3', '', ' 1', '9999999999999999', '0x10'])('count nothing: %j', text => {
    const args = parseArguments(command, ['p', '/', `--to=${text}`]);
    expect(() => args.count('to')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error);
  });
});

test('the help names every operand and option, common ones included', () => {
  const help = commandHelp(command);
  expect(help.split('\n')[0]).toBe('Usage: quiesce restore file POINT PATH [MORE…] [options]');
  for (const shown of ['Restore files', '--to FOLDER', 'where to', '--overwrite', '--json', '--state FOLDER'])
    expect(help).toContain(shown);
});
