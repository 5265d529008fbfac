import { createContext, Script } from 'node:vm';

import { AppError } from '../../../base/errors.ts';

export interface LineQuery {
  readonly text: string;
  readonly isExpression: boolean;
  readonly isCaseSensitive: boolean;
}

/** Where in a line something was found, in UTF-16 units. */
export interface LineMatch {
  readonly column: number;
  readonly length: number;
}

/** The first match of each line, in the order of the lines; undefined for lines without one. @throws INVALID_INPUT */
export type LineTest = (lines: readonly string[]) => readonly (LineMatch | undefined)[];

/** For as many lines as one block of a file has. */
const maxExpressionMs = 1000;

/**
 * Looks for a text or an expression in lines.
 * @throws INVALID_INPUT for an expression that is none, and later for one that takes longer than a second for a block
 */
export function linePattern({ text, isExpression, isCaseSensitive }: LineQuery): LineTest {
  const pattern = isExpression ? expression(text, isCaseSensitive) : literal(text, isCaseSensitive);
  const test: LineTest = lines =>
    lines.map(line => {
      const match = pattern.exec(line);
      return match === null ? undefined : { column: match.index, length: match[0].length };
    });
  return isExpression ? inTime(test, text) : test;
}

function literal(text: string, isCaseSensitive: boolean): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), isCaseSensitive ? 'u' : 'iu');
}

function expression(text: string, isCaseSensitive: boolean): RegExp {
  try {
    return new RegExp(text, isCaseSensitive ? 'u' : 'iu');
  } catch (cause) {
    throw new AppError('INVALID_INPUT', `${text} is not a regular expression`, {
      object: text,
      cause,
      remedy: 'Write it as JavaScript does, or search for it as text',
    });
  }
}

/**
 * An expression may take forever on a line that somebody chose, and nothing else happens in the process meanwhile. What
 * runs in a context of its own is the only thing that can be stopped.
 */
function inTime(test: LineTest, text: string): LineTest {
  const context: { work: () => void } = { work: () => undefined };
  createContext(context);
  const script = new Script('work()');
  return lines => {
    let found: ReturnType<LineTest> = [];
    context.work = () => {
      found = test(lines);
    };
    try {
      script.runInContext(context, { timeout: maxExpressionMs });
    } catch (cause) {
      throw new AppError('INVALID_INPUT', `the expression ${text} takes too long`, {
        object: text,
        cause,
        remedy: 'Avoid repetitions in repetitions',
      });
    }
    return found;
  };
}
