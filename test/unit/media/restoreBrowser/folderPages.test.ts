import { expect, test } from 'vitest';

import { FolderPages } from '../../../../media/restoreBrowser/folderPages.ts';
import { AppError, CancelledError } from '../../../../src/base/errors.ts';
import type { EntryView, FolderPageView } from '../../../../src/protocol/webview/restoreBrowser.ts';
import { anySignal } from '../../../support/anySignal.ts';

const totalCount = 100_000;

function entry(index: number): EntryView {
  const name = `file-${index}`;
  return { name, kind: 'file', kindText: 'file', size: '1 B', modified: '', mode: '', owner: '' };
}

/** A folder whose pages come when the test says so. */
function bigFolder() {
  const asked: number[] = [];
  const cancelled: number[] = [];
  const waiting: (() => void)[] = [];
  let failure: AppError | undefined;
  let changes = 0;
  const pages = new FolderPages(
    async (offset, limit, signal) => {
      asked.push(offset);
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => {
          cancelled.push(offset);
          reject(new CancelledError());
        });
      });
      if (failure !== undefined) throw failure;
      const count = Math.min(limit, totalCount - offset);
      const entries = Array.from({ length: count }, (_, index) => entry(offset + index));
      return { notices: [], entries, totalCount } satisfies FolderPageView;
    },
    () => {
      changes += 1;
    },
  );
  return {
    pages,
    asked,
    cancelled,
    changes: () => changes,
    fail: (error: AppError | undefined) => {
      failure = error;
    },
    come: async () => {
      for (const resolve of waiting.splice(0)) resolve();
      await new Promise(resolve => setImmediate(resolve));
    },
  };
}

test('only pages that come into sight are asked for, each once', async () => {
  const { pages, asked, come, changes } = bigFolder();
  pages.need({ first: 0, count: 30 });
  pages.need({ first: 3, count: 30 });
  expect([asked, pages.totalCount, pages.entry(0)]).toEqual([[0], undefined, undefined]);
  await come();
  expect([changes(), pages.totalCount]).toEqual([1, totalCount]);
  expect(pages.entry(199)?.name).toBe('file-199');
  expect(pages.entry(200)).toBeUndefined();
  pages.need({ first: 190, count: 30 });
  expect(asked).toEqual([0, 200]);
  await come();
  expect(pages.entry(200)?.name).toBe('file-200');
});

test('scrolling through asks for what is seen in the end, and calls the rest back', async () => {
  const { pages, asked, cancelled, come } = bigFolder();
  pages.need({ first: 0, count: 30 });
  await come();
  for (let first = 1000; first <= 90_000; first += 1000) pages.need({ first, count: 30 });
  await come();
  expect(asked).toHaveLength(91);
  expect(cancelled).toHaveLength(89);
  expect(pages.entry(90_000)?.name).toBe('file-90000');
  expect(pages.entry(50_000)).toBeUndefined();
  expect(pages.failure).toBeUndefined();
});

test('of a folder that was scrolled through, far pages are let go', async () => {
  const { pages, asked, come } = bigFolder();
  for (let first = 0; first < 20_000; first += 200) {
    pages.need({ first, count: 30 });
    await come();
  }
  expect(asked).toHaveLength(100);
  expect(pages.entry(19_900)?.name).toBe('file-19900');
  expect(pages.entry(0)).toBeUndefined();
});

test('after a failure nothing is asked for until somebody wants it', async () => {
  const { pages, asked, come, fail } = bigFolder();
  fail(new AppError('WORKER_LOST', 'the worker is gone', { remedy: 'Try again' }));
  pages.need({ first: 0, count: 30 });
  await come();
  expect(pages.failure).toEqual({ text: 'The worker is gone. Try again.', needsPassword: false });
  pages.need({ first: 400, count: 30 });
  expect(asked).toEqual([0]);
  fail(undefined);
  pages.retry();
  await come();
  expect([asked, pages.failure]).toEqual([[0, 400], undefined]);
  expect(pages.entry(400)?.name).toBe('file-400');
});

test('entries for a selection are waited for, wherever the list is', async () => {
  const { pages, come } = bigFolder();
  const read = pages.read({ first: 395, count: 10 }, anySignal);
  await come();
  await come();
  const entries = await read;
  expect(entries.map(({ name }) => name)).toEqual(
    Array.from({ length: 10 }, (_, index) => `file-${395 + index}`),
  );
});

test('a folder that is left asks for nothing more', async () => {
  const { pages, cancelled, come, changes } = bigFolder();
  pages.need({ first: 0, count: 30 });
  pages[Symbol.dispose]();
  await come();
  expect([cancelled, changes(), pages.failure]).toEqual([[0], 0, undefined]);
});
