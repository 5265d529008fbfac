import { createMessageConnection } from 'vscode-jsonrpc/node';
import { expect, test } from 'vitest';

import { EditorLink } from '../../../../media/shared/rpc.ts';
import { AppError } from '../../../../src/base/errors.ts';
import { notification, request } from '../../../../src/protocol/message.ts';
import { type Handle, handlersOf } from '../../../../src/protocol/rpc/answerRequests.ts';
import { PostedMessageReader, PostedMessageWriter } from '../../../../src/protocol/rpc/postedMessages.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { messagePair } from '../../../support/messagePair.ts';

const double = request<{ readonly value: number }, { readonly value: number }>('test/double');
const told = notification<{ readonly text: string }>('test/told');

function pair(register: (handle: Handle, gone: AbortController) => void, session = 'one') {
  const { page, editor } = messagePair();
  const connection = createMessageConnection(
    new PostedMessageReader(editor, session),
    new PostedMessageWriter(editor, session),
  );
  const gone = new AbortController();
  register(handlersOf(connection, gone.signal), gone);
  connection.listen();
  return { link: new EditorLink(page, 'one'), connection, page, editor, gone };
}

test('a request is answered', async () => {
  const { link } = pair(handle => handle(double, ({ value }) => ({ value: value * 2 })));
  expect(await link.request(double, { value: 21 }, anySignal)).toEqual({ value: 42 });
});

test.each([
  [new AppError('NOT_FOUND', 'there is none', { object: 'it', remedy: 'Look elsewhere' })],
  [new Error('something broke')],
])('a handler that throws %s leaves nobody waiting', async thrown => {
  const { link } = pair(handle =>
    handle(double, () => {
      throw thrown;
    }),
  );
  await expect(link.request(double, { value: 1 }, anySignal)).rejects.toMatchObject({
    code: thrown instanceof AppError ? 'NOT_FOUND' : 'INTERNAL',
    message: thrown.message,
    ...(thrown instanceof AppError && { object: 'it', remedy: 'Look elsewhere' }),
  });
});

test('a request that nobody answers fails', async () => {
  const { link } = pair(() => undefined);
  await expect(link.request(double, { value: 1 }, anySignal)).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a page that is closed leaves nobody waiting, and takes no more requests', async () => {
  const { link } = pair(handle => handle(double, async () => await new Promise(() => undefined)));
  const asked = link.request(double, { value: 1 }, anySignal);
  link[Symbol.dispose]();
  await expect(asked).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(link.request(double, { value: 1 }, anySignal)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('who cancels does not wait, and whoever works on it is told', async () => {
  let signalOfHandler: AbortSignal | undefined;
  const { link } = pair(handle =>
    handle(double, async (_, signal) => {
      signalOfHandler = signal;
      return await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('told')));
      });
    }),
  );
  const cancelled = new AbortController();
  const asked = link.request(double, { value: 1 }, cancelled.signal);
  await expect.poll(() => signalOfHandler).toBeDefined();
  cancelled.abort();
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect.poll(() => signalOfHandler?.aborted).toBe(true);
  await expect(link.request(double, { value: 1 }, cancelled.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});

test('what is told arrives', async () => {
  const { link, connection } = pair(() => undefined);
  const heard: string[] = [];
  link.on(told, ({ text }) => heard.push(text));
  await connection.sendNotification(told, { text: 'hello' });
  await expect.poll(() => heard).toEqual(['hello']);
});

test('an answer to a former page, and what is no message of ours, is left alone', async () => {
  const { link, editor, page } = pair(
    handle => handle(double, () => ({ value: 7 })),
    // The editor still speaks with the page that was there before.
    'before',
  );
  const asked = link.request(double, { value: 1 }, anySignal);
  const answered = asked.then(
    () => true,
    () => true,
  );
  for (const foreign of [
    { session: 'before', message: { jsonrpc: '2.0', id: 0, result: { value: 1 } } },
    { jsonrpc: '2.0', id: 0, result: { value: 1 } },
    { session: 'one', message: null },
    null,
    'text',
    { session: 1, message: {} },
  ])
    editor.post(foreign as never);
  page.post({ session: 'one', message: { jsonrpc: '2.0' } });
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(await Promise.race([answered, Promise.resolve(false)])).toBe(false);
  editor.post({
    session: 'one',
    message: { jsonrpc: '2.0', id: 0, result: { value: 2 } } as never,
  });
  expect(await asked).toEqual({ value: 2 });
});
