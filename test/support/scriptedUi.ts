import type {
  Answer,
  Confirmation,
  InputQuestion,
  PickQuestion,
  StepPosition,
  Ui,
} from '../../src/host/ui/ui.ts';

/**
 * What a person does next: type a text, pick the choice with a label, press Enter on what is preselected, go back or give
 * up. A text that is refused is
 * recorded, and the next action answers the same question again.
 */
export type Action =
  | { readonly type: string }
  | { readonly pick: string | RegExp }
  | { readonly pickMany: readonly string[] }
  | 'enter'
  | 'back'
  | 'cancel';

/** Answers in a person's place and keeps what was shown. */
export class ScriptedUi implements Ui {
  /** Prompts and placeholders in the order in which they were shown, with their position. */
  readonly shown: string[] = [];
  readonly refused: string[] = [];
  /** Of each pick the choices: label, description, detail. */
  readonly offered: (readonly (string | undefined)[])[][] = [];
  readonly confirmations: Confirmation[] = [];
  readonly told: { readonly severity: string; readonly message: string }[] = [];
  readonly #actions: Action[];
  readonly #confirms: boolean;

  readonly #others: string[];

  /** @param options.others  second buttons that are pressed when they are offered, each once */
  constructor(
    actions: readonly Action[],
    { confirms = true, others = [] }: { confirms?: boolean; others?: readonly string[] } = {},
  ) {
    this.#actions = [...actions];
    this.#confirms = confirms;
    this.#others = [...others];
  }

  /** Actions that nobody has asked for. */
  get left(): number {
    return this.#actions.length;
  }

  async input(question: InputQuestion, position: StepPosition): Promise<Answer<string>> {
    this.#show(question.prompt, position);
    for (;;) {
      const next = this.#next(question.prompt);
      const action = next === 'enter' ? { type: question.value ?? '' } : next;
      if (typeof action === 'string') return { kind: action };
      if (!('type' in action)) throw new Error(`a text was asked for: ${question.prompt}`);
      const problem = await question.check?.(action.type, AbortSignal.any([])).catch(String);
      if (problem === undefined) return { kind: 'answer', value: action.type };
      this.refused.push(problem);
    }
  }

  async pick<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<T>> {
    this.#show(question.placeholder, position);
    const choices = await question.choices(AbortSignal.any([]));
    this.offered.push(choices.map(({ label, description, detail }) => [label, description, detail]));
    const action = this.#next(question.placeholder);
    if (action === 'enter') {
      const chosen = choices.find(({ isPreselected }) => isPreselected) ?? choices[0];
      if (chosen === undefined) throw new Error(`nothing to choose from: ${question.placeholder}`);
      return { kind: 'answer', value: chosen.value };
    }
    if (typeof action === 'string') return { kind: action };
    if (!('pick' in action)) throw new Error(`a choice was asked for: ${question.placeholder}`);
    const found = choices.find(({ label }) => label === action.pick || label.match(action.pick)?.index === 0);
    if (found === undefined)
      throw new Error(`no ${String(action.pick)} among ${choices.map(({ label }) => label).join(', ')}`);
    return { kind: 'answer', value: found.value };
  }

  async pickMany<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<readonly T[]>> {
    this.#show(question.placeholder, position);
    const choices = await question.choices(AbortSignal.any([]));
    const action = this.#next(question.placeholder);
    if (action === 'enter')
      return {
        kind: 'answer',
        value: choices.filter(({ isPreselected }) => isPreselected).map(({ value }) => value),
      };
    if (typeof action === 'string') return { kind: action };
    if (!('pickMany' in action)) throw new Error(`several choices were asked for: ${question.placeholder}`);
    const found = choices.filter(({ label }) => action.pickMany.includes(label));
    if (found.length !== action.pickMany.length)
      throw new Error(
        `not all of ${action.pickMany.join(', ')} among ${choices.map(({ label }) => label).join(', ')}`,
      );
    return { kind: 'answer', value: found.map(({ value }) => value) };
  }

  async confirm(confirmation: Confirmation): Promise<boolean> {
    this.confirmations.push(confirmation);
    return this.#confirms;
  }

  async decide(confirmation: Confirmation, otherAction: string): Promise<'action' | 'other' | undefined> {
    if (this.#others[0] === otherAction) {
      this.#others.shift();
      return 'other';
    }
    return (await this.confirm(confirmation)) ? 'action' : undefined;
  }

  async tell(severity: 'info' | 'warning' | 'error', message: string): Promise<undefined> {
    this.told.push({ severity, message });
  }

  async wait<T>(_: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return await work(AbortSignal.any([]));
  }

  #show(text: string, { step, totalSteps, canGoBack }: StepPosition): void {
    this.shown.push(`${step}/${totalSteps}${canGoBack ? ' ←' : ''} ${text}`);
  }

  #next(question: string): Action {
    const action = this.#actions.shift();
    if (action === undefined) throw new Error(`nobody answers ${question}`);
    return action;
  }
}
