import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { listVms, readVm } from '../../protocol/vm.ts';
import { commandIds } from '../ids.ts';
import type { KnownPlaces } from '../knownPlaces.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';
import { arrangeVms, vmChildren, vmRef, type VmTreeNode, vmTreeView } from '../model/vmTreeModel.ts';
import { newestPoints } from '../newestPoints.ts';
import type { OpenPlaces } from '../openPlaces.ts';
import type { VmGrouping } from '../vmGrouping.ts';
import type { Worker } from '../workerLink.ts';
import type { TreeSource } from './lazyTree.ts';

export interface SourceDeps {
  readonly worker: Worker;
  readonly places: OpenPlaces;
  readonly known: KnownPlaces;
  readonly grouping: VmGrouping;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly t: Translate;
}

/** vCenters with their folders and VMs. */
export class VmSource implements TreeSource<VmTreeNode> {
  readonly #deps: SourceDeps;

  constructor(deps: SourceDeps) {
    this.#deps = deps;
  }

  async children(node: VmTreeNode | undefined, signal: AbortSignal): Promise<readonly VmTreeNode[]> {
    const { known, worker } = this.#deps;
    if (node === undefined) return known.vcenters().map(({ name, url }) => ({ kind: 'vcenter', name, url }));
    switch (node.kind) {
      case 'vcenter':
        return await this.#inventory(node.name, signal);
      case 'folder':
        return node.children;
      case 'vm':
        return vmChildren(node, await worker.request(readVm, vmRef(node), signal));
      case 'newestPoint':
      case 'snapshot':
      case 'remark':
        return [];
      default:
        return never(node);
    }
  }

  view(node: VmTreeNode): NodeView {
    return vmTreeView(node, this.#deps.clock.now(), this.#deps.t);
  }

  remedy(parent: VmTreeNode, error: AppError): NodeView['command'] {
    const { known, t } = this.#deps;
    if (parent.kind !== 'vcenter') return undefined;
    const isLab = known.vcenters().some(({ name, isLab }) => name === parent.name && isLab === true);
    if (isLab) return { id: commandIds.tryLab, title: t('Try with the Built-in Lab') };
    if (error.code === 'UNTRUSTED_SERVER')
      return { id: commandIds.addVCenter, title: t('Accept the New Certificate…') };
    return error.code === 'AUTHENTICATION'
      ? { id: commandIds.enterPassword, title: t('Enter Password…') }
      : { id: commandIds.refresh, title: t('Refresh') };
  }

  async #inventory(vcenter: string, signal: AbortSignal): Promise<readonly VmTreeNode[]> {
    const { worker, places, known, logger, grouping, t } = this.#deps;
    await places.vcenter(vcenter, signal);
    const [{ vms }, newest] = await Promise.all([
      worker.request(listVms, { vcenter }, signal),
      newestPoints(worker, places, known, logger, signal),
    ]);
    if (vms.length === 0) {
      const user = known.vcenters().find(({ name }) => name === vcenter)?.user ?? '';
      const text = t(
        'No VM that {0} may see. Grant the account the role "Read-only" on the VMs, or use another',
        user,
      );
      return [{ kind: 'remark', parentId: `vcenter/${vcenter}`, text }];
    }
    return arrangeVms(vcenter, vms, newest, grouping.get());
  }
}
