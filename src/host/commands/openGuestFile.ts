import { commands, l10n } from 'vscode';

import { guestUri, maxOpenedBytes, tooLargeText } from '../guestFileSystem.ts';
import type { Host } from '../host.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { restoreGuestFile } from './restoreFiles.ts';

/** Opens it read-only; what is too large for an editor can be restored instead. */
export async function openGuestFile(host: Host, given: PointTreeNode | undefined): Promise<void> {
  if (given?.kind !== 'guest') {
    void host.ui.tell('info', l10n.t('Choose a file in the view Restore Points'), []);
    return;
  }
  if (given.node.sizeBytes > maxOpenedBytes) {
    const restore = l10n.t('Restore Guest File…');
    if ((await host.ui.tell('warning', tooLargeText(given.node), [restore])) === restore)
      await restoreGuestFile(host, given);
    return;
  }
  await commands.executeCommand('vscode.open', guestUri(given.at));
}
