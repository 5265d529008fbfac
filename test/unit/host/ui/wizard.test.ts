import { expect, test } from 'vitest';

import { runSteps, type Step } from '../../../../src/host/ui/wizard.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';

interface Draft {
  readonly first: string;
  readonly derived: string;
  readonly last: string;
}

/** Two questions with a step between them that asks nothing. */
const steps: readonly Step<Draft>[] = [
  async ({ first }, ask) => ({ first: await ask.input({ title: '', prompt: `first (${first ?? ''})` }) }),
  async ({ first = '' }) => ({ derived: first.toUpperCase() }),
  async ({ derived }, ask) => ({ last: await ask.input({ title: '', prompt: `last of ${derived ?? ''}` }) }),
];

async function run(actions: readonly Action[]) {
  const ui = new ScriptedUi(actions);
  const draft = await runSteps(ui, steps, {});
  return { draft, shown: ui.shown };
}

test('answers of all steps come together', async () => {
  expect(await run([{ type: 'a' }, { type: 'b' }])).toEqual({
    draft: { first: 'a', derived: 'A', last: 'b' },
    shown: ['1/3 first ()', '2/2 ← last of A'],
  });
});

test('back skips steps that asked nothing, and finds the former answer', async () => {
  expect(await run([{ type: 'a' }, 'back', { type: 'c' }, { type: 'b' }])).toEqual({
    draft: { first: 'c', derived: 'C', last: 'b' },
    shown: ['1/3 first ()', '2/2 ← last of A', '1/3 first (a)', '2/2 ← last of C'],
  });
});

test.each([0, 1])('giving up at question %i ends it', async answered => {
  const actions: Action[] = [...Array.from({ length: answered }, () => ({ type: 'a' })), 'cancel'];
  await expect(run(actions)).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('later questions may follow from earlier answers', async () => {
  const ui = new ScriptedUi([{ type: 'a' }, { type: 'b' }]);
  const [first, , last] = steps;
  const draft = await runSteps(
    ui,
    ({ first: answered }: Partial<Draft>) => (answered === undefined ? [first!] : [first!, last!]),
    {},
  );
  expect(draft).toEqual({ first: 'a', last: 'b' });
  expect(ui.shown).toEqual(['1/1 first ()', '2/2 ← last of ']);
});
