import {
  type Disposable,
  l10n,
  ProgressLocation,
  type QuickInput,
  type QuickInputButton,
  QuickInputButtons,
  type QuickPick,
  type QuickPickItem,
  ThemeIcon,
  Uri,
  window,
} from 'vscode';

import type { Clock } from '../../base/clock.ts';
import { toAppError } from '../../base/errors.ts';
import { sentence } from '../model/errorText.ts';
import type { Answer, Choice, Confirmation, InputQuestion, PickQuestion, StepPosition, Ui } from './ui.ts';

/** How long a wait goes on without a word. */
const patienceMs = 500;

/** The editor's own input boxes, quick picks, dialogs and notifications. */
export class VscodeUi implements Ui {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async input(question: InputQuestion, position: StepPosition): Promise<Answer<string>> {
    const box = window.createInputBox();
    const browse: QuickInputButton = { iconPath: new ThemeIcon('folder-opened'), tooltip: l10n.t('Browse…') };
    box.prompt = question.prompt;
    box.placeholder = question.placeholder;
    box.value = question.value ?? '';
    box.password = question.isPassword ?? false;
    return await ask<string>(box, question.title, position, ({ answer, signal, listen, leaveFor }) => {
      if (question.browse !== undefined) box.buttons = [...box.buttons, browse];
      listen(
        box.onDidTriggerButton(async button => {
          if (button !== browse) return;
          const chosen = await leaveFor(async () => await chooseFile(question, box.value));
          if (chosen !== undefined) box.value = chosen;
        }),
      );
      listen(
        box.onDidChangeValue(() => {
          box.validationMessage = undefined;
        }),
      );
      listen(
        box.onDidAccept(async () => {
          if (box.busy) return;
          const { value } = box;
          box.busy = true;
          box.enabled = false;
          const problem = await problemOf(question, value, signal);
          box.busy = false;
          box.enabled = true;
          if (problem === undefined) answer(value);
          else box.validationMessage = problem;
        }),
      );
    });
  }

  async pick<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<T>> {
    const list = choiceList(question);
    return await ask<T>(list, question.title, position, ({ answer, signal, listen, fail }) => {
      listen(
        list.onDidAccept(() => {
          const [chosen] = chosenIn(list);
          if (chosen !== undefined) answer(chosen.value);
        }),
      );
      fill(list, question, signal).then(preselected => {
        // With none, the editor would take Enter for nothing, instead of for the first.
        if (preselected.length > 0) list.activeItems = preselected;
      }, fail);
    });
  }

  async pickMany<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<readonly T[]>> {
    const list = choiceList(question);
    list.canSelectMany = true;
    return await ask<readonly T[]>(list, question.title, position, ({ answer, signal, listen, fail }) => {
      listen(
        list.onDidAccept(() => {
          if (!list.busy) answer(chosenIn(list).map(({ value }) => value));
        }),
      );
      fill(list, question, signal).then(preselected => {
        list.selectedItems = preselected;
      }, fail);
    });
  }

  async confirm({ question, lines, action }: Confirmation): Promise<boolean> {
    const detail = lines.join('\n');
    return (await window.showWarningMessage(question, { modal: true, detail }, action)) === action;
  }

  async decide(
    { question, lines, action }: Confirmation,
    otherAction: string,
  ): Promise<'action' | 'other' | undefined> {
    const options = { modal: true, detail: lines.join('\n') };
    const answer = await window.showWarningMessage(question, options, action, otherAction);
    if (answer === action) return 'action';
    return answer === otherAction ? 'other' : undefined;
  }

  async tell(
    severity: 'info' | 'warning' | 'error',
    message: string,
    actions: readonly string[],
  ): Promise<string | undefined> {
    if (severity === 'error') return await window.showErrorMessage(message, ...actions);
    if (severity === 'warning') return await window.showWarningMessage(message, ...actions);
    return await window.showInformationMessage(message, ...actions);
  }

  async wait<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const cancelled = new AbortController();
    const over = new AbortController();
    const running = work(cancelled.signal).finally(() => over.abort());
    // Most answers come at once: a message that only flashes would tell nothing. The sleep ends with the work.
    await this.#clock.sleep(patienceMs, over.signal).catch(() => undefined);
    if (over.signal.aborted) return await running;
    return await window.withProgress(
      { location: ProgressLocation.Notification, title, cancellable: true },
      async (_, token) => {
        token.onCancellationRequested(() => cancelled.abort());
        return await running;
      },
    );
  }
}

type ChoiceItem<T> = QuickPickItem & { readonly choice?: Choice<T> };

/** Busy until it is filled. */
function choiceList<T>({ placeholder }: PickQuestion<T>): QuickPick<ChoiceItem<T>> {
  const list = window.createQuickPick<ChoiceItem<T>>();
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.busy = true;
  return list;
}

function chosenIn<T>(list: QuickPick<ChoiceItem<T>>): readonly Choice<T>[] {
  return list.selectedItems.flatMap(({ choice }) => (choice === undefined ? [] : [choice]));
}

/** Gives the items that are preselected. */
async function fill<T>(
  list: QuickPick<ChoiceItem<T>>,
  { choices, whenEmpty }: PickQuestion<T>,
  signal: AbortSignal,
): Promise<readonly ChoiceItem<T>[]> {
  const found = await choices(signal);
  list.busy = false;
  list.items =
    found.length === 0
      ? [{ label: `$(info) ${whenEmpty}`, alwaysShow: true }]
      : found.map(choice => pickItem(choice));
  return list.items.filter(({ choice }) => choice?.isPreselected === true);
}

interface Asking<T> {
  readonly answer: (value: T) => void;
  readonly fail: (error: unknown) => void;
  /** Aborted when the question is gone, whatever the answer. */
  readonly signal: AbortSignal;
  readonly listen: (listener: Disposable) => void;
  /** Shows something else, which may hide the question, and comes back to it. */
  readonly leaveFor: <R>(work: () => Promise<R>) => Promise<R>;
}

/** Shows a question until it is answered, left or stepped back from. */
async function ask<T>(
  quickInput: QuickInput & {
    buttons: readonly QuickInputButton[];
    onDidTriggerButton: (listener: (button: QuickInputButton) => unknown) => Disposable;
  },
  title: string,
  { step, totalSteps, canGoBack }: StepPosition,
  setUp: (asking: Asking<T>) => void,
): Promise<Answer<T>> {
  const gone = new AbortController();
  const listeners: { dispose(): void }[] = [quickInput];
  quickInput.title = title;
  // A password or a path is often copied from another window.
  quickInput.ignoreFocusOut = true;
  if (totalSteps > 1) {
    quickInput.step = step;
    quickInput.totalSteps = totalSteps;
  }
  if (canGoBack) quickInput.buttons = [QuickInputButtons.Back];
  try {
    return await new Promise<Answer<T>>((resolve, reject) => {
      let isLeft = false;
      listeners.push(
        quickInput.onDidTriggerButton(button => {
          if (button === QuickInputButtons.Back) resolve({ kind: 'back' });
        }),
        quickInput.onDidHide(() => {
          if (!isLeft) resolve({ kind: 'cancel' });
        }),
      );
      setUp({
        answer: value => resolve({ kind: 'answer', value }),
        fail: reject,
        signal: gone.signal,
        listen: listener => listeners.push(listener),
        leaveFor: async work => {
          isLeft = true;
          try {
            return await work();
          } finally {
            isLeft = false;
            quickInput.show();
          }
        },
      });
      quickInput.show();
    });
  } finally {
    gone.abort();
    for (const listener of listeners) listener.dispose();
  }
}

async function problemOf(
  { check }: InputQuestion,
  value: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await check?.(value, signal);
  } catch (error) {
    return sentence(toAppError(error));
  }
}

async function chooseFile({ browse, title }: InputQuestion, value: string): Promise<string | undefined> {
  const start = value === '' ? {} : { defaultUri: Uri.file(value) };
  if (browse === 'newFile') return (await window.showSaveDialog({ ...start, title }))?.fsPath;
  const chosen = await window.showOpenDialog({
    ...start,
    title,
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
  });
  return chosen?.[0]?.fsPath;
}

function pickItem<T>(choice: Choice<T>): QuickPickItem & { readonly choice: Choice<T> } {
  return {
    label: choice.label,
    ...(choice.description !== undefined && { description: choice.description }),
    ...(choice.detail !== undefined && { detail: choice.detail }),
    ...(choice.icon !== undefined && { iconPath: new ThemeIcon(choice.icon) }),
    choice,
  };
}
