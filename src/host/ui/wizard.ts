import { CancelledError } from '../../base/errors.ts';
import type { Answer, InputQuestion, PickQuestion, StepPosition, Ui } from './ui.ts';

/**
 * One question of a series. It gets what was answered so far and gives it back with its own answer; asked again after
 * somebody went back, it finds its former answer there. A step with nothing to ask just answers.
 */
export type Step<D> = (draft: Partial<D>, ask: Ask) => Promise<Partial<D>>;

export interface Ask {
  input(question: InputQuestion): Promise<string>;
  pick<T>(question: PickQuestion<T>): Promise<T>;
  pickMany<T>(question: PickQuestion<T>): Promise<readonly T[]>;
}

/**
 * Asks the questions in turn. Which questions there are may depend on the answers so far, those already asked stay the
 * same. Back leads to the question before, skipping steps that asked nothing.
 * @throws CANCELLED if the person gives up
 */
export async function runSteps<D>(
  ui: Ui,
  stepsOf: readonly Step<D>[] | ((draft: Partial<D>) => readonly Step<D>[]),
  start: Partial<D>,
): Promise<D> {
  let draft = start;
  const asked: number[] = [];
  let at = 0;
  for (;;) {
    const steps = typeof stepsOf === 'function' ? stepsOf(draft) : stepsOf;
    const step = steps[at];
    if (step === undefined) return draft as D;
    const ask = new PositionedAsk(ui, {
      step: asked.length + 1,
      totalSteps: asked.length + steps.length - at,
      canGoBack: asked.length > 0,
    });
    try {
      draft = { ...draft, ...(await step(draft, ask)) };
      if (ask.hasAsked) asked.push(at);
      at += 1;
    } catch (error) {
      if (!(error instanceof WentBack)) throw error;
      at = asked.pop() ?? 0;
    }
  }
}

class WentBack extends Error {}

class PositionedAsk implements Ask {
  hasAsked = false;
  readonly #ui: Ui;
  readonly #position: StepPosition;

  constructor(ui: Ui, position: StepPosition) {
    this.#ui = ui;
    this.#position = position;
  }

  async input(question: InputQuestion): Promise<string> {
    this.hasAsked = true;
    return valueOf(await this.#ui.input(question, this.#position));
  }

  async pick<T>(question: PickQuestion<T>): Promise<T> {
    this.hasAsked = true;
    return valueOf(await this.#ui.pick(question, this.#position));
  }

  async pickMany<T>(question: PickQuestion<T>): Promise<readonly T[]> {
    this.hasAsked = true;
    return valueOf(await this.#ui.pickMany(question, this.#position));
  }
}

function valueOf<T>(answer: Answer<T>): T {
  if (answer.kind === 'back') throw new WentBack();
  if (answer.kind === 'cancel') throw new CancelledError();
  return answer.value;
}
