import {
  createMessageConnection,
  type MessageConnection,
  type NotificationType,
  type RequestType,
} from 'vscode-jsonrpc';

import { AppError } from '../../src/base/errors.ts';
import {
  type PostingChannel,
  PostedMessageReader,
  PostedMessageWriter,
} from '../../src/protocol/rpc/postedMessages.ts';
import { sendRequest } from '../../src/protocol/rpc/sendRequest.ts';
import type { WireError } from '../../src/protocol/wireError.ts';

/** Asks the editor; what a page needs of it. */
export interface Editor {
  /** @throws the editor's own error; UNREACHABLE if the connection ends first; CANCELLED */
  request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R>;
  on<P>(type: NotificationType<P>, listener: (params: P) => void): void;
}

/** JSON-RPC between a page and the editor, over posted messages. */
export class EditorLink implements Editor, Disposable {
  readonly #connection: MessageConnection;

  /** @param session  unique for this life of the page */
  constructor(channel: PostingChannel, session: string) {
    this.#connection = createMessageConnection(
      new PostedMessageReader(channel, session),
      new PostedMessageWriter(channel, session),
      // A page has no log; what fails is shown where it was asked for.
      { error: () => undefined, warn: () => undefined, info: () => undefined, log: () => undefined },
    );
    this.#connection.listen();
  }

  async request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R> {
    return await sendRequest(this.#connection, type, params, signal, editorLost);
  }

  on<P>(type: NotificationType<P>, listener: (params: P) => void): void {
    this.#connection.onNotification(type.method, listener);
  }

  [Symbol.dispose](): void {
    this.#connection.dispose();
  }
}

function editorLost(cause: unknown): AppError {
  return new AppError('UNREACHABLE', 'the editor has ended the connection to this page', {
    remedy: 'Close the page and open it again',
    cause,
  });
}
