import { expect } from 'vitest';

import type { StartedCli } from './quiesceCli.ts';

/** Types each answer once its question is there. @returns everything that was said */
export async function talk(
  { child, result }: StartedCli,
  turns: readonly (readonly [question: RegExp, answer: () => string])[],
): Promise<string> {
  let all = '';
  let unanswered = '';
  const left = [...turns];
  child.stdout!.on('data', (piece: Buffer) => {
    all += piece.toString();
    unanswered += piece.toString();
    const [turn] = left;
    if (turn?.[0].test(unanswered) !== true) return;
    left.shift();
    unanswered = '';
    child.stdin!.write(`${turn[1]()}\r`);
  });
  await result;
  expect({ left: left.length, all }).toMatchObject({ left: 0 });
  return all;
}
