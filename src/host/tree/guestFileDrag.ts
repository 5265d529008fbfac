import { type DataTransfer, DataTransferItem, type TreeDragAndDropController } from 'vscode';

import { guestUri } from '../guestFileSystem.ts';
import type { GuestNode, PointTreeNode } from '../model/pointTreeModel.ts';
import { FailureRow } from './lazyTree.ts';

type Row = PointTreeNode | FailureRow<PointTreeNode>;

const uriList = 'text/uri-list';

/** Files that are dragged out of the tree are opened by the editor they are dropped in. Nothing can be dropped in the tree. */
export class GuestFileDrag implements TreeDragAndDropController<Row> {
  readonly dragMimeTypes = [uriList];
  readonly dropMimeTypes = [];

  handleDrag(rows: readonly Row[], dragged: DataTransfer): void {
    const addresses = rows.filter(hasContent).map(({ at }) => guestUri(at).toString());
    if (addresses.length > 0) dragged.set(uriList, new DataTransferItem(addresses.join('\r\n')));
  }
}

/** Of folders and devices there is nothing that an editor could show. */
function hasContent(row: Row): row is GuestNode {
  if (row instanceof FailureRow || row.kind !== 'guest') return false;
  return row.node.kind === 'file' || row.node.kind === 'symlink';
}
