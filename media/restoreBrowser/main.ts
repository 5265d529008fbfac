// Installs what the library needs of a browser; the library itself is the same everywhere.
import 'vscode-jsonrpc/browser';

import { AppError } from '../../src/base/errors.ts';
import { startBrowser } from '../../src/protocol/webview/restoreBrowser.ts';
import { button, registerControls } from '../shared/controls.ts';
import { element } from '../shared/dom.ts';
import { failureOf } from '../shared/failure.ts';
import { EditorLink } from '../shared/rpc.ts';
import { translator } from '../shared/text.ts';
import { BrowserPage } from './browserPage.ts';
import { restoredState, savedState } from './state.ts';

/** What the editor gives every page of a webview. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

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
void begin();

async function begin(): Promise<void> {
  try {
    const { texts, target, canRestoreToGuest } = await link.request(startBrowser, {}, AbortSignal.any([]));
    document.body.replaceChildren();
    const page = new BrowserPage(document.body, {
      editor: link,
      state: restoredState(editorApi.getState()),
      canRestoreToGuest,
      keep: state => editorApi.setState(savedState(state)),
      t: translator(texts),
    });
    await page.start(target);
  } catch (error) {
    if (AppError.is(error, 'CANCELLED')) return;
    // The texts have not come, so this one is in English.
    const retry = button('Try Again', () => void begin());
    document.body.replaceChildren(
      element(
        'div',
        { class: 'empty', role: 'alert' },
        element('p', {}, failureOf(error).text),
        retry.element,
      ),
    );
  }
}
