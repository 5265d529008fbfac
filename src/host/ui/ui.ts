/** Where a question stands in a series of questions. */
export interface StepPosition {
  readonly step: number;
  readonly totalSteps: number;
  readonly canGoBack: boolean;
}

export interface InputQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly placeholder?: string;
  readonly value?: string;
  readonly isPassword?: boolean;
  /** Offers the editor's dialog for a folder that exists or a file that shall be written. */
  readonly browse?: 'folder' | 'newFile';
  /** Says what is wrong with the answer; it may ask a server. A failure is shown like what it returns. */
  readonly check?: (value: string, signal: AbortSignal) => Promise<string | undefined>;
}

export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** Name of a product icon. */
  readonly icon?: string;
  /** What Enter takes; the first choice where none is. */
  readonly isPreselected?: boolean;
  readonly value: T;
}

export interface PickQuestion<T> {
  readonly title: string;
  readonly placeholder: string;
  /** Shown as busy until they are there. */
  readonly choices: (signal: AbortSignal) => Promise<readonly Choice<T>[]>;
  /** What to say instead of an empty list. */
  readonly whenEmpty: string;
}

export type Answer<T> =
  { readonly kind: 'answer'; readonly value: T } | { readonly kind: 'back' } | { readonly kind: 'cancel' };

export interface Confirmation {
  readonly question: string;
  readonly lines: readonly string[];
  /** Name of the one button beside Cancel. */
  readonly action: string;
}

/** Everything that asks or tells a person something. Tests answer in a person's place. */
export interface Ui {
  input(question: InputQuestion, position: StepPosition): Promise<Answer<string>>;
  pick<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<T>>;
  /** Any number of them, also none; those preselected are chosen already. */
  pickMany<T>(question: PickQuestion<T>, position: StepPosition): Promise<Answer<readonly T[]>>;
  confirm(confirmation: Confirmation): Promise<boolean>;
  /** The same with a second button; undefined if neither was pressed. */
  decide(confirmation: Confirmation, otherAction: string): Promise<'action' | 'other' | undefined>;
  /** Gives the chosen action. It does not wait in anybody's way. */
  tell(
    severity: 'info' | 'warning' | 'error',
    message: string,
    actions: readonly string[],
  ): Promise<string | undefined>;
  /** Shows that something is being waited for; the person may cancel. */
  wait<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}
