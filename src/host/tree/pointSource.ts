import { never } from '../../base/assert.ts';
import type { AppError } from '../../base/errors.ts';
import type { GuestPath } from '../../protocol/guest.ts';
import { listPoints } from '../../protocol/point.ts';
import { listWholeFolder } from '../guestFolder.ts';
import { commandIds } from '../ids.ts';
import { sentence } from '../model/errorText.ts';
import { isLocked } from '../model/volumeLock.ts';
import type { NodeView } from '../model/nodeView.ts';
import { unlocking } from '../openPlaces.ts';
import {
  diskNodes,
  guestNodes,
  pointNodes,
  pointTreeId,
  type PointTreeNode,
  pointTreeView,
  remarks,
  volumeNodes,
} from '../model/pointTreeModel.ts';
import type { TreeSource } from './lazyTree.ts';
import type { SourceDeps } from './vmSource.ts';

/** Repositories with their restore points, down to the files of the guests. */
export class PointSource implements TreeSource<PointTreeNode> {
  readonly #deps: SourceDeps;

  constructor(deps: SourceDeps) {
    this.#deps = deps;
  }

  async children(node: PointTreeNode | undefined, signal: AbortSignal): Promise<readonly PointTreeNode[]> {
    const { known, places } = this.#deps;
    if (node === undefined)
      return known.repositories().map(({ name, location }) => ({ kind: 'repository', name, location }));
    switch (node.kind) {
      case 'repository':
        return await this.#sets(node.name, signal);
      case 'set':
        return pointNodes(node);
      case 'point':
        return diskNodes(node, await places.disks(node.ref, signal));
      case 'disk':
        return volumeNodes(node);
      case 'volume':
        return await this.#folder(node, { ...node.ref, path: '/' }, signal);
      case 'guest':
        return await this.#folder(node, node.at, signal);
      case 'remark':
        return [];
      default:
        return never(node);
    }
  }

  view(node: PointTreeNode): NodeView {
    return pointTreeView(node, this.#deps.clock.now(), this.#deps.t);
  }

  remedy(parent: PointTreeNode, error: AppError): NodeView['command'] {
    const { t } = this.#deps;
    if (parent.kind === 'repository' && error.code === 'AUTHENTICATION')
      return { id: commandIds.enterPassword, title: t('Enter Password…') };
    if (parent.kind === 'volume' && isLocked(parent.volume))
      return { id: commandIds.unlockVolumes, title: t('Unlock Encrypted Volumes…') };
    return { id: commandIds.refresh, title: t('Refresh') };
  }

  async #sets(repository: string, signal: AbortSignal): Promise<readonly PointTreeNode[]> {
    const { places, worker, t } = this.#deps;
    await places.repository(repository, signal);
    const { sets, problems } = await worker.request(listPoints, { repository }, signal);
    const parentId = pointTreeId({ kind: 'repository', name: repository, location: '' });
    if (sets.length === 0 && problems.length === 0)
      return remarks(
        parentId,
        [t('No restore points yet. "Back Up Now" on a VM makes the first one')],
        'info',
      );
    return [
      ...sets.map(set => ({ kind: 'set', repository, set }) as const),
      ...remarks(
        parentId,
        problems.map(problem => sentence(problem)),
        'warning',
      ),
    ];
  }

  async #folder(
    node: PointTreeNode & { readonly vmName: string },
    folder: GuestPath,
    signal: AbortSignal,
  ): Promise<readonly PointTreeNode[]> {
    const { places, worker, t } = this.#deps;
    const { entries, unreadable, totalCount, problems, fileSystem } = await unlocking(
      places,
      folder,
      async () => await listWholeFolder(worker, folder, signal),
      signal,
    );
    const parentId = pointTreeId(node);
    const notShown = totalCount - entries.length - unreadable.length;
    return [
      ...guestNodes(folder, node.vmName, entries),
      ...remarks(parentId, notShown > 0 ? [t('{0} more entries are not shown', notShown)] : [], 'info'),
      ...remarks(
        parentId,
        [
          ...(folder.path === '/' ? fileSystem.problems : []),
          ...problems,
          ...unreadable.map(({ name, problem }) => `${name}: ${problem}`),
        ],
        'warning',
      ),
    ];
  }
}
