import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const program = join(import.meta.dirname, 'programs/indexUser.ts');
const isProof = process.env['QUIESCE_PROOF'] === 'full';
const rounds = isProof ? 200 : 12;

test('processes that share the kept index of a repository never get a wrong answer, also after one was killed', async () => {
  const folder = temporaryFolder('index');
  const doomed = start(folder, 1000, 9);
  const users = [1, 2, 3].map(seed => start(folder, rounds, seed));
  const said = users.map(async user => await outcomeOf(user));
  const killed = once(doomed, 'close');
  await Promise.race(said);
  doomed.kill('SIGKILL');
  await killed;
  for (const { status, answers, problem } of await Promise.all(said)) {
    expect(problem).toBe('');
    expect(status).toBe(0);
    expect(answers).toBe(rounds * 24 * 22);
  }
});

function start(folder: string, count: number, seed: number): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, folder, String(count), String(seed)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

async function outcomeOf(user: ChildProcess) {
  const [answers, problem, [status]] = await Promise.all([
    text(user.stdout!),
    text(user.stderr!),
    once(user, 'close') as Promise<[number | null]>,
  ]);
  return { status, answers: Number(answers), problem };
}
