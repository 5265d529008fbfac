import type { PostedMessage, PostingChannel } from '../../src/protocol/rpc/postedMessages.ts';

/** Both ends of a channel, as between an editor and a page: what is posted arrives later, and only as a copy. */
export function messagePair(): { readonly page: PostingChannel; readonly editor: PostingChannel } {
  const page = new Set<(message: unknown) => void>();
  const editor = new Set<(message: unknown) => void>();
  return { page: end(editor, page), editor: end(page, editor) };
}

function end(
  others: ReadonlySet<(message: unknown) => void>,
  own: Set<(message: unknown) => void>,
): PostingChannel {
  return {
    post: (message: PostedMessage) => {
      const copy: unknown = structuredClone(message);
      setImmediate(() => {
        for (const listener of others) listener(copy);
      });
    },
    onMessage: listener => {
      own.add(listener);
      return { dispose: () => own.delete(listener) };
    },
  };
}
