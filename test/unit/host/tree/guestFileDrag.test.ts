import { DataTransfer } from 'vscode';
import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { guestUri } from '../../../../src/host/guestFileSystem.ts';
import type { PointTreeNode } from '../../../../src/host/model/pointTreeModel.ts';
import { GuestFileDrag } from '../../../../src/host/tree/guestFileDrag.ts';
import { FailureRow } from '../../../../src/host/tree/lazyTree.ts';
import { guestNode, pointId } from '../hostFixture.ts';

const volume = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };

function row(path: string, kind: 'file' | 'symlink' | 'directory' | 'fifo'): PointTreeNode {
  const node = guestNode(path.slice(1), { kind });
  return { kind: 'guest', at: { ...volume, path }, vmName: 'web01', node };
}

function dragged(rows: Parameters<GuestFileDrag['handleDrag']>[0]): unknown {
  const transfer = new DataTransfer();
  new GuestFileDrag().handleDrag(rows, transfer);
  return transfer.get('text/uri-list')?.value;
}

test('what is dragged are the addresses of files and of links', () => {
  const rows = [
    row('/hosts', 'file'),
    row('/etc', 'directory'),
    row('/link', 'symlink'),
    row('/pipe', 'fifo'),
  ];
  const addresses = ['/hosts', '/link'].map(path => guestUri({ ...volume, path }).toString());
  expect(dragged(rows)).toBe(addresses.join('\r\n'));
});

test('of what has no content nothing is dragged', () => {
  const repository: PointTreeNode = { kind: 'repository', name: 'main', location: '/backups/main' };
  const failure = new FailureRow<PointTreeNode>(repository, new AppError('UNREACHABLE', 'it is away'));
  expect(dragged([row('/etc', 'directory'), repository, failure])).toBeUndefined();
});
