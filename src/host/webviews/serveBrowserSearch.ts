import { commands, l10n, Range } from 'vscode';

import { beginSearch, continueSearch, endSearch } from '../../protocol/guestSearch.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import {
  beginBrowserSearch,
  continueBrowserSearch,
  endBrowserSearch,
  openFoundLine,
} from '../../protocol/webview/browserSearch.ts';
import { guestUri } from '../guestFileSystem.ts';
import { searchPageView } from '../model/searchText.ts';
import type { OpenPlaces } from '../openPlaces.ts';
import type { Worker } from '../workerLink.ts';

/** Answers what the page of the restore browser asks while it searches. */
export function serveBrowserSearch(
  handle: Handle,
  { worker, places }: { readonly worker: Worker; readonly places: Pick<OpenPlaces, 'repository'> },
): void {
  handle(beginBrowserSearch, async ({ repository, point, scope, form }, signal) => {
    await places.repository(repository, signal);
    const { name, text, isExpression, isCaseSensitive } = form;
    const params = {
      ...{ repository, point, ...scope, isExpression, isCaseSensitive },
      ...(name !== '' && { name }),
      ...(text !== '' && { text }),
    };
    return await worker.request(beginSearch, params, signal);
  });
  handle(continueBrowserSearch, async (search, signal) =>
    searchPageView(await worker.request(continueSearch, search, signal), l10n.t),
  );
  handle(endBrowserSearch, async (search, signal) => await worker.request(endSearch, search, signal));
  handle(openFoundLine, async ({ at, number, column, length }) => {
    const line = number - 1;
    const selection = new Range(line, column, line, column + length);
    await commands.executeCommand('vscode.open', guestUri(at), { selection });
    return {};
  });
}
