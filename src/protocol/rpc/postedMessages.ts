import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc';

/** One end of a channel that posts whole messages: the editor's webview, or the page in it. */
export interface PostingChannel {
  post(message: PostedMessage): unknown;
  onMessage(listener: (message: unknown) => void): Disposable;
}

/**
 * A JSON-RPC message with the life of the page it belongs to. The editor keeps what it could not deliver to a hidden
 * page and gives it to the next one, whose requests have the same numbers: without the session it would take the answer
 * to another question for its own.
 */
export interface PostedMessage {
  readonly session: string;
  readonly message: Message;
}

export function isPostedMessage(posted: unknown): posted is PostedMessage {
  if (typeof posted !== 'object' || posted === null) return false;
  const { session, message } = posted as Partial<Record<keyof PostedMessage, unknown>>;
  return typeof session === 'string' && typeof message === 'object' && message !== null;
}

/** Takes the messages of one session from a channel; what else is posted there is left alone. */
export class PostedMessageReader extends AbstractMessageReader implements MessageReader {
  readonly #channel: PostingChannel;
  readonly #session: string;

  constructor(channel: PostingChannel, session: string) {
    super();
    this.#channel = channel;
    this.#session = session;
  }

  listen(callback: DataCallback): Disposable {
    return this.#channel.onMessage(posted => {
      if (isPostedMessage(posted) && posted.session === this.#session) callback(posted.message);
    });
  }
}

export class PostedMessageWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #channel: PostingChannel;
  readonly #session: string;

  constructor(channel: PostingChannel, session: string) {
    super();
    this.#channel = channel;
    this.#session = session;
  }

  /** Resolves as soon as it is posted: whether anybody receives it, only an answer tells. */
  async write(message: Message): Promise<void> {
    this.#channel.post({ session: this.#session, message });
    await Promise.resolve();
  }

  end(): void {
    // The channel belongs to whoever made it.
  }
}
