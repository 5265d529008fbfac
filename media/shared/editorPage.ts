// Installs what the library needs of a browser; the library itself is the same everywhere.
import 'vscode-jsonrpc/browser';

import { AppError } from '../../src/base/errors.ts';
import { button, registerControls } from './controls.ts';
import { element } from './dom.ts';
import { failureOf } from './failure.ts';
import { EditorLink } from './rpc.ts';

/** What the editor gives every page of a webview. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/** What a page begins with. */
export interface EditorSide {
  readonly link: EditorLink;
  /** What this page or an earlier one has kept. */
  readonly kept: unknown;
  readonly keep: (state: unknown) => void;
}

/** Connects the page to the editor and begins; a page that cannot begin says why and can be tried again. */
export function beginPage(begin: (editor: EditorSide) => Promise<void>): void {
  const editorApi = acquireVsCodeApi();
  const link = new EditorLink(
    {
      post: message => editorApi.postMessage(message),
      onMessage: listener => {
        const onMessage = ({ data }: MessageEvent<unknown>) => listener(data);
        window.addEventListener('message', onMessage);
        return { dispose: () => window.removeEventListener('message', onMessage) };
      },
    },
    crypto.randomUUID(),
  );
  registerControls();
  const tryToBegin = async (): Promise<void> => {
    try {
      await begin({ link, kept: editorApi.getState(), keep: state => editorApi.setState(state) });
    } catch (error) {
      if (!AppError.is(error, 'CANCELLED')) showFailure(error, () => void tryToBegin());
    }
  };
  void tryToBegin();
}

/** The texts have not come, so this one is in English. */
function showFailure(error: unknown, retry: () => void): void {
  document.body.replaceChildren(
    element(
      'div',
      { class: 'empty', role: 'alert' },
      element('p', {}, failureOf(error).text),
      button('Try Again', retry).element,
    ),
  );
}
