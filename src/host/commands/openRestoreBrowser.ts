import type { BrowserTarget } from '../../protocol/webview/restoreBrowser.ts';
import type { Host } from '../host.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';

/** Begins where the row it was called on stands; without one it shows what it showed last. */
export function openRestoreBrowser(host: Host, given: PointTreeNode | undefined): void {
  host.restoreBrowser.show(given === undefined ? undefined : targetOf(given));
}

function targetOf(node: PointTreeNode): BrowserTarget | undefined {
  switch (node.kind) {
    case 'repository':
      return { repository: node.name };
    case 'set':
      return { repository: node.repository, vmInstanceUuid: node.set.vmInstanceUuid };
    case 'point':
    case 'disk':
    case 'volume': {
      const { repository, point } = node.ref;
      return { repository, point };
    }
    case 'guest': {
      const { repository, point } = node.at;
      return { repository, point };
    }
    case 'remark':
      return undefined;
  }
}
