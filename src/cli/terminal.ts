import { createInterface } from 'node:readline/promises';

import { AppError } from '../base/errors.ts';

/** @throws INVALID_INPUT naming `optionInstead`, if nobody can be asked */
export async function confirmOnTerminal(question: string, optionInstead: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new AppError('INVALID_INPUT', `this needs an answer and there is no terminal: ${question}`, {
      remedy: `Answer it with ${optionInstead}`,
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
