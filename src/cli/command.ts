import { parseArgs } from 'node:util';

import { AppError } from '../base/errors.ts';
import type { CommandContext } from './context.ts';

/** One command of the command line, with everything its help text says. */
export interface Command {
  /** The words that select it: `vcenter add`. */
  readonly name: string;
  readonly summary: string;
  /** In order; a name in brackets is optional, and the last one may be repeated if it ends in `…]`. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /** @returns the exit code, 0 if nothing is returned */
  run(context: CommandContext, args: CommandArguments): Promise<number | undefined>;
}

export interface CommandOption {
  /** What stands for the value in the help text; a flag has none. */
  readonly value?: string;
  readonly help: string;
}

/** Options every command takes. */
export const commonOptions = {
  json: { help: 'print the result as JSON' },
  config: { value: 'FILE', help: 'configuration file' },
  state: { value: 'FOLDER', help: 'folder of the journal' },
  verbose: { help: 'log what happens to standard error' },
  help: { help: 'show this help' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** The words after the command's name, already checked against its operands and options. */
export class CommandArguments {
  readonly #operands: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(operands: readonly string[], values: Readonly<Record<string, string | boolean | undefined>>) {
    this.#operands = operands;
    this.#values = values;
  }

  operand(position: number): string {
    return this.#operands[position] ?? '';
  }

  optionalOperand(position: number): string | undefined {
    return this.#operands[position];
  }

  option(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  required(name: string): string {
    const value = this.option(name);
    if (value !== undefined) return value;
    throw new AppError('INVALID_INPUT', `--${name} is missing`, {
      object: `--${name}`,
      remedy: `Give --${name}`,
    });
  }

  /** All operands from a position on, for a last one that may be repeated. */
  operandsFrom(position: number): readonly string[] {
    return this.#operands.slice(position);
  }

  /** A whole number of zero or more. */
  count(name: string): number | undefined {
    const value = this.option(name);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new AppError('INVALID_INPUT', `--${name} ${value} is not a whole number`, { object: `--${name}` });
  }

  /** @throws INVALID_INPUT for a word that is none of these */
  choice<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.option(name);
    if (value === undefined) return undefined;
    const found = words.find(word => word === value);
    if (found !== undefined) return found;
    throw new AppError('INVALID_INPUT', `--${name} ${value} is none of ${words.join(', ')}`, {
      object: `--${name}`,
    });
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }
}

/** @throws INVALID_INPUT naming the word that does not fit */
export function parseArguments(command: Command, words: readonly string[]): CommandArguments {
  const options = { ...command.options, ...commonOptions };
  const spec = Object.fromEntries(
    Object.entries<CommandOption>(options).map(([name, option]) => [
      name,
      { type: option.value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const parsed = parse(command, words, spec);
  const required = command.operands.filter(name => !name.startsWith('['));
  const missing = required[parsed.positionals.length];
  if (parsed.values['help'] !== true && missing !== undefined) {
    throw usageError(command, `${missing} is missing`);
  }
  const extra = parsed.positionals[command.operands.length];
  const isRepeatable = command.operands.at(-1)?.endsWith('…]') === true;
  if (extra !== undefined && !isRepeatable) throw usageError(command, `"${extra}" is one word too many`);
  return new CommandArguments(parsed.positionals, parsed.values);
}

/** One screen of help for a command. */
export function commandHelp(command: Command): string {
  const options = Object.entries<CommandOption>({ ...command.options, ...commonOptions }).map(
    ([name, option]) => {
      const flag = `--${name}${option.value === undefined ? '' : ` ${option.value}`}`;
      return `  ${flag.padEnd(28)} ${option.help}`;
    },
  );
  return [usageLine(command), '', command.summary, '', 'Options:', ...options].join('\n');
}

export function usageLine(command: Command): string {
  return ['Usage: quiesce', command.name, ...command.operands, '[options]'].join(' ');
}

function parse(
  command: Command,
  words: readonly string[],
  options: Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>,
): {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: values, positionals };
  } catch (error) {
    throw usageError(command, error instanceof Error ? error.message : String(error));
  }
}

function usageError(command: Command, problem: string): AppError {
  return new AppError('INVALID_INPUT', `${command.name}: ${problem}`, {
    object: command.name,
    remedy: `${usageLine(command)}; see "quiesce ${command.name} --help"`,
  });
}
