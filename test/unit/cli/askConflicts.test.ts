import { expect, test } from 'vitest';

import { askConflicts } from '../../../src/cli/askConflicts.ts';
import type { Conflict, ConflictAnswer } from '../../../src/core/jobs/guestFiles/fileRestorePlan.ts';

const allChoices: readonly ConflictAnswer[] = ['overwrite', 'skip', 'rename'];

function conflict(targetPath: string, choices = allChoices): Conflict {
  return { targetPath, standing: 'file', choices };
}

/** Types the lines, one for each question. */
function typing(...lines: readonly string[]) {
  const left = [...lines];
  const questions: string[] = [];
  const told: string[] = [];
  const tell = (text: string) => {
    told.push(text);
  };
  const ask = askConflicts(tell, async question => {
    questions.push(question);
    const line = left.shift();
    if (line === undefined) throw new Error(`nobody answers: ${question}`);
    return await Promise.resolve(line);
  });
  return { ask, told, questions, left };
}

test('each conflict is a question of its own, asked again until the answer is one', async () => {
  const { ask, told, questions, left } = typing('o', 'what?', '', ' s ', 'r');
  expect(await ask(conflict('/a'))).toBe('overwrite');
  expect(await ask(conflict('/b'))).toBe('skip');
  expect(await ask(conflict('/c'))).toBe('rename');
  expect(told).toEqual(['/a', '/b', '/c'].map(path => `${path} exists already (file)`));
  expect(questions).toHaveLength(5);
  expect(left).toEqual([]);
});

test('a capital letter answers for all that follow, but not where that is impossible', async () => {
  const { ask, told, questions } = typing('O', 'o', 'r');
  expect(await ask(conflict('/a'))).toBe('overwrite');
  expect(await ask(conflict('/b'))).toBe('overwrite');
  expect(await ask(conflict('/folder', ['skip', 'rename']))).toBe('rename');
  expect(await ask(conflict('/c'))).toBe('overwrite');
  expect(told).toHaveLength(2);
  expect(questions).toEqual([
    '[o]verwrite, [s]kip, [r]ename or [q]uit; a capital letter for all that follow',
    // The small letter is no choice there, and the question comes again.
    '[s]kip, [r]ename or [q]uit; a capital letter for all that follow',
    '[s]kip, [r]ename or [q]uit; a capital letter for all that follow',
  ]);
});

test('somebody may give up', async () => {
  const { ask } = typing('q');
  await expect(ask(conflict('/a'))).rejects.toMatchObject({ code: 'CANCELLED' });
});
