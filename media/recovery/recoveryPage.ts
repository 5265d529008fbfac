import { AppError } from '../../src/base/errors.ts';
import type { PointRef } from '../../src/protocol/point.ts';
import type { VmRef } from '../../src/protocol/vm.ts';
import {
  type PointDetailsView,
  readOverview,
  readPointDetails,
  type RecoveryAction,
  recoveryChanged,
  type RecoveryOverview,
  type RestoreKind,
  runRecoveryAction,
} from '../../src/protocol/webview/recovery.ts';
import { failureOf, type Loadable, loading } from '../shared/failure.ts';
import type { Editor } from '../shared/rpc.ts';
import type { Translate } from '../shared/text.ts';
import type { RecoveryState } from './state.ts';
import { isSamePoint } from './timeline.ts';
import type { PageAction } from './questions.ts';
import { RecoveryView } from './view.ts';
import { changeMessage, chosenPoint, type RecoveryModel } from './viewModel.ts';

/** What the page does: fetches what is shown, keeps it up to date, and takes what a person does to the editor. */
export class RecoveryPage {
  readonly #editor: Editor;
  readonly #vm: VmRef;
  readonly #keep: (state: RecoveryState) => void;
  readonly #t: Translate;
  readonly #view: RecoveryView;
  #state: RecoveryState;
  #overview: Loadable<RecoveryOverview> = loading;
  #details: Loadable<PointDetailsView> | undefined;
  #detailsOf: PointRef | undefined;
  #detailsWanted = new AbortController();
  #isReading = false;
  #isStale = false;
  #message = '';

  /** @param keep  called whenever something changed that a later page shall go on with */
  constructor(
    root: HTMLElement,
    options: {
      readonly editor: Editor;
      readonly vm: VmRef;
      readonly state: RecoveryState;
      readonly keep: (state: RecoveryState) => void;
      readonly t: Translate;
    },
  ) {
    this.#editor = options.editor;
    this.#vm = options.vm;
    this.#state = options.state;
    this.#keep = options.keep;
    this.#t = options.t;
    this.#view = new RecoveryView(
      root,
      {
        onAction: action => void this.#run(this.#actionOf(action)),
        onRemedy: rule => void this.#run({ kind: 'applyRemedy', vm: this.#vm, rule }),
        onRestore: what => this.#restore(what),
        onPoint: ({ repository, point }) => this.#choose({ repository, point }),
        onRetry: () => {
          this.#detailsOf = undefined;
          void this.#refresh();
        },
      },
      this.#t,
    );
    this.#editor.on(recoveryChanged, () => void this.#refresh());
  }

  async start(): Promise<void> {
    // Of whom the page is must be known to the editor even if nothing is ever chosen.
    this.#keep(this.#state);
    this.#render();
    await this.#refresh();
    // A page that comes back with its window must not take the focus from where a person works.
    if (document.hasFocus()) this.#view.focus();
  }

  /** What was told of while it was being read is read once more. */
  async #refresh(): Promise<void> {
    if (this.#isReading) {
      this.#isStale = true;
      return;
    }
    this.#isReading = true;
    await this.#readOverview();
    this.#isReading = false;
    if (this.#isStale) await this.#refresh();
  }

  async #readOverview(): Promise<void> {
    this.#isStale = false;
    if (this.#overview.kind === 'failed') this.#overview = loading;
    this.#render();
    const before = this.#overview.kind === 'ready' ? this.#overview.value : undefined;
    try {
      const value = await this.#editor.request(readOverview, this.#vm, AbortSignal.any([]));
      this.#message = changeMessage(before, value, this.#t) ?? this.#message;
      this.#overview = { kind: 'ready', value };
    } catch (error) {
      this.#overview = { kind: 'failed', failure: failureOf(error) };
    }
    this.#readDetails();
  }

  /** A restore point never changes: what was read of one is asked for once. */
  #readDetails(): void {
    const chosen = chosenPoint(this.#model());
    if (chosen !== undefined && isSamePoint(chosen, this.#detailsOf)) {
      this.#render();
      return;
    }
    this.#detailsWanted.abort();
    this.#detailsWanted = new AbortController();
    this.#detailsOf = chosen;
    this.#details = chosen === undefined ? undefined : loading;
    this.#render();
    if (chosen !== undefined) void this.#readDetailsOf(chosen, this.#detailsWanted.signal);
  }

  async #readDetailsOf(point: PointRef, signal: AbortSignal): Promise<void> {
    try {
      const value = await this.#editor.request(readPointDetails, point, signal);
      if (signal.aborted) return;
      this.#details = { kind: 'ready', value };
    } catch (error) {
      if (signal.aborted) return;
      this.#details = { kind: 'failed', failure: failureOf(error) };
      this.#detailsOf = undefined;
    }
    this.#render();
  }

  #choose(point: PointRef): void {
    this.#state = { point };
    this.#keep(this.#state);
    this.#readDetails();
  }

  #restore(what: RestoreKind): void {
    const point = chosenPoint(this.#model());
    if (point !== undefined) void this.#run({ kind: 'restore', what, point });
  }

  #actionOf(action: PageAction): RecoveryAction {
    if (action !== 'browse') return { kind: action, vm: this.#vm };
    const point = chosenPoint(this.#model());
    return { kind: 'browse', ...(point !== undefined && { point }) };
  }

  async #run(action: RecoveryAction): Promise<void> {
    this.#message = '';
    try {
      await this.#editor.request(runRecoveryAction, action, AbortSignal.any([]));
    } catch (error) {
      if (AppError.is(error, 'CANCELLED')) return;
      this.#message = failureOf(error).text;
      this.#render();
    }
  }

  #render(): void {
    this.#view.render(this.#model());
  }

  #model(): RecoveryModel {
    return {
      vm: this.#vm,
      state: this.#state,
      overview: this.#overview,
      details: this.#details,
      message: this.#message,
    };
  }
}
