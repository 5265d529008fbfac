import { l10n } from 'vscode';

import type { SearchScope } from '../../protocol/webview/browserSearch.ts';
import type { Host } from '../host.ts';
import { guestFolder } from '../model/guestPath.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps } from '../ui/wizard.ts';
import { type ChosenPoint, pointSteps } from './choose.ts';
import { answeredBy } from './chooseGuestPaths.ts';

/** Opens the search of the restore browser where the row it was called on stands. */
export async function findFiles(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Find Files');
  const start = given === undefined ? {} : answeredBy(given);
  const { point } = await runSteps<ChosenPoint>(host.ui, pointSteps(host, title, start), start);
  host.restoreBrowser.show({ ...point, search: scopeOf(given) });
}

function scopeOf(given: PointTreeNode | undefined): SearchScope {
  if (given?.kind === 'volume') {
    const { deviceKey, volumeIndex } = given.ref;
    return { deviceKey, volumeIndex, path: '/' };
  }
  if (given?.kind !== 'guest') return { path: '/' };
  const { deviceKey, volumeIndex, path } = given.at;
  return { deviceKey, volumeIndex, path: given.node.kind === 'directory' ? path : guestFolder(path) };
}
