import { Uri, type Webview, type WebviewPanel } from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';

import { CancelledError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { type Handle, handlersOf } from '../../protocol/rpc/answerRequests.ts';
import {
  isPostedMessage,
  PostedMessageReader,
  PostedMessageWriter,
} from '../../protocol/rpc/postedMessages.ts';

/** Where the bundles of the pages lie in the extension: nothing else can be loaded by them. */
export function pageFolder(extensionUri: Uri): Uri {
  return Uri.joinPath(extensionUri, 'dist', 'media');
}

interface PageParts {
  /** Name of its bundles, `NAME.js` and `NAME.css`. */
  readonly name: string;
  readonly title: string;
  /** Of its texts: `en`. */
  readonly language: string;
}

/** A page that runs its own script and nothing else, and loads its own style sheet and nothing else. */
export function pageHtml(webview: Webview, extensionUri: Uri, parts: PageParts, random: Random): string {
  const nonce = Buffer.from(random.bytes(16)).toString('hex');
  const address = (extension: string) =>
    webview.asWebviewUri(Uri.joinPath(pageFolder(extensionUri), `${parts.name}.${extension}`)).toString();
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    // The nonce is for the style elements that the controls add.
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escaped(parts.language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escaped(address('css'))}">
<title>${escaped(parts.title)}</title>
</head>
<body>
<script type="module" nonce="${nonce}" src="${escaped(address('js'))}"></script>
</body>
</html>
`;
}

/** A page as long as it lives: hiding it ends it, and showing it again starts the next one. */
export interface PageSession {
  readonly connection: MessageConnection;
  /** Registers what is answered. */
  readonly handle: Handle;
}

/** Speaks with the pages that live in a panel, one after the other. */
export class PageSessions {
  readonly #panel: WebviewPanel;
  readonly #greet: (session: PageSession) => void;
  #current: { readonly name: string; readonly session: PageSession; readonly end: () => void } | undefined;
  #deliver: (posted: unknown) => void = () => undefined;

  /** @param greet  registers what a new page may ask */
  constructor(panel: WebviewPanel, greet: (session: PageSession) => void) {
    this.#panel = panel;
    this.#greet = greet;
    panel.webview.onDidReceiveMessage((posted: unknown) => {
      if (!isPostedMessage(posted)) return;
      if (posted.session !== this.#current?.name) this.#begin(posted.session);
      this.#deliver(posted);
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) this.end();
    });
    panel.onDidDispose(() => this.end());
  }

  /** The page that is there to be told something; undefined while it is hidden or loading. */
  get current(): PageSession | undefined {
    return this.#current?.session;
  }

  /** Nobody waits for answers any more. */
  end(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  #begin(name: string): void {
    this.end();
    const channel = {
      post: (message: unknown) => {
        void this.#panel.webview.postMessage(message);
      },
      onMessage: (listener: (posted: unknown) => void) => {
        this.#deliver = listener;
        return { dispose: () => undefined };
      },
    };
    const connection = createMessageConnection(
      new PostedMessageReader(channel, name),
      new PostedMessageWriter(channel, name),
    );
    const gone = new AbortController();
    const session = { connection, handle: handlersOf(connection, gone.signal) };
    this.#current = {
      name,
      session,
      end: () => {
        gone.abort(new CancelledError('the page is gone'));
        connection.dispose();
      },
    };
    this.#greet(session);
    connection.listen();
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
