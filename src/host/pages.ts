import { type Disposable, EventEmitter, type TextDocumentContentProvider, Uri } from 'vscode';

import { schemes } from './ids.ts';

/** Texts that were made to be read once, as read-only documents: `quiesce-page:/NAME`. Gone with their window. */
export class Pages implements TextDocumentContentProvider, Disposable {
  readonly onDidChange;
  readonly #changed = new EventEmitter<Uri>();
  readonly #texts = new Map<string, string>();

  constructor() {
    this.onDidChange = this.#changed.event;
  }

  /** Takes the place of a page of the same name. */
  show(name: string, text: string): Uri {
    const uri = Uri.from({ scheme: schemes.page, path: `/${name.replaceAll('/', '∕')}` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent({ path }: Uri): string {
    return this.#texts.get(path) ?? '';
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
