import { l10n, type LogOutputChannel } from 'vscode';

import { toAppError } from '../base/errors.ts';
import { failureActions, isWorthTelling, sentence } from './model/errorText.ts';
import type { Ui } from './ui/ui.ts';

/** The one place where a failure becomes a message: what happened, what to do, and buttons for it. */
export class Notifier {
  readonly #ui: Ui;
  readonly #log: LogOutputChannel;

  constructor(ui: Ui, log: LogOutputChannel) {
    this.#ui = ui;
    this.#log = log;
  }

  /** @param retry  what to do again if the person wants to; a failure that repetition cannot mend has no such button */
  async failure(thrown: unknown, retry?: () => Promise<void>): Promise<void> {
    const error = toAppError(thrown);
    if (!isWorthTelling(error)) return;
    this.#log.error(`${error.code}: ${sentence(error)}`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
      this.#log.error(`  caused by: ${cause.message}`);
    const titles = { retry: l10n.t('Retry'), showLog: l10n.t('Show Log') };
    const actions = failureActions(error).filter(action => action !== 'retry' || retry !== undefined);
    const chosen = await this.#ui.tell(
      'error',
      sentence(error),
      actions.map(action => titles[action]),
    );
    if (chosen === titles.showLog) this.#log.show();
    if (chosen === titles.retry) await retry?.();
  }
}
