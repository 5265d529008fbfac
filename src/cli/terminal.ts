import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { AppError, CancelledError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';

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

/** @throws CANCELLED if the terminal is closed instead */
export async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  return await answer(question, process.stderr, signal);
}

/** The same for what nobody shall read over a shoulder. */
export async function askSecretOnTerminal(question: string, signal: AbortSignal): Promise<Secret> {
  const unseen = new Writable({ write: (_bytes, _encoding, done) => done() });
  // Only once the terminal shows nothing any more: some type as soon as they are asked.
  const onListening = () => process.stderr.write(`${question}: `);
  try {
    return new Secret(await answer(question, unseen, signal, onListening));
  } finally {
    process.stderr.write('\n');
  }
}

async function answer(
  question: string,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
  onListening?: () => void,
): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  onListening?.();
  const closed = new Promise<never>((_, reject) => {
    terminal.once('close', () => reject(new CancelledError()));
  });
  closed.catch(() => undefined);
  // The terminal gives keys one by one: nobody else turns this one into a signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await Promise.race([terminal.question(`${question}: `, { signal }), closed]);
  } finally {
    terminal.close();
  }
}
