import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { pagesOfVms } from '../../client/listedVms.ts';
import { readVm, type VmChangesDto, type VmDto } from '../../protocol/vm.ts';
import { commandIds } from '../ids.ts';
import type { KnownPlaces } from '../knownPlaces.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';
import { arrangeVms } from '../model/vmArrangement.ts';
import { matchesFilter, type VmFilter } from '../model/vmFilter.ts';
import { type NewestPoint, vmChildren, vmRef, type VmTreeNode, vmTreeView } from '../model/vmTreeModel.ts';
import { newestPoints } from '../newestPoints.ts';
import type { OpenPlaces } from '../openPlaces.ts';
import type { Standings } from '../standings.ts';
import type { VmView } from '../vmView.ts';
import type { Worker } from '../workerLink.ts';
import type { TreeSource } from './lazyTree.ts';

export interface SourceDeps {
  readonly worker: Worker;
  readonly places: OpenPlaces;
  readonly known: KnownPlaces;
  readonly vmView: VmView;
  readonly standings: Pick<Standings, 'of' | 'follow'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly t: Translate;
}

/** What was shown of a vCenter last. */
interface ShownVCenter {
  readonly vms: Map<string, VmDto>;
  readonly newest: ReadonlyMap<string, NewestPoint>;
}

/** vCenters with their folders and VMs. What has changed is taken over; nothing is asked anew for it. */
export class VmSource implements TreeSource<VmTreeNode> {
  readonly #deps: SourceDeps;
  readonly #shown = new Map<string, ShownVCenter>();
  /** Lists of which not every page is there. */
  readonly #coming = new Map<string, Map<string, VmDto>>();

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

  /** Takes over what has changed. Returns whether something that is shown has. */
  apply({ vcenter, changed, removed, isLost }: VmChangesDto): boolean {
    const shown = this.#shown.get(vcenter);
    if (isLost === true) return this.#shown.delete(vcenter);
    for (const vms of [shown?.vms, this.#coming.get(vcenter)]) {
      for (const id of removed) vms?.delete(id);
      for (const vm of changed) vms?.set(vm.id, vm);
    }
    return shown !== undefined;
  }

  /** How many of the VMs that are known match the filter, on all vCenters together. */
  filterCounts(filter: VmFilter): { readonly matching: number; readonly all: number } {
    const vms = [...this.#shown.values()].flatMap(({ vms: known }) => [...known.values()]);
    return { matching: vms.filter(vm => matchesFilter(vm, filter)).length, all: vms.length };
  }

  /** Everything is asked for again when it is looked at next. */
  forget(): void {
    this.#shown.clear();
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
    const { known, vmView, standings, t } = this.#deps;
    const { vms, newest } = this.#shown.get(vcenter) ?? (await this.#ask(vcenter, signal));
    if (vms.size === 0) {
      const user = known.vcenters().find(({ name }) => name === vcenter)?.user ?? '';
      const text = t(
        'No VM that {0} may see. Grant the account the role "Read-only" on the VMs, or use another',
        user,
      );
      return [{ kind: 'remark', parentId: `vcenter/${vcenter}`, text }];
    }
    const { filter, grouping } = vmView;
    const wanted = [...vms.values()].filter(vm => filter === undefined || matchesFilter(vm, filter));
    if (wanted.length === 0)
      return [
        { kind: 'remark', parentId: `vcenter/${vcenter}`, text: t('No virtual machine matches the filter') },
      ];
    return arrangeVms(vcenter, wanted, newest, grouping, standings.of(vcenter));
  }

  async #ask(vcenter: string, signal: AbortSignal): Promise<ShownVCenter> {
    const { worker, places, known, standings, logger } = this.#deps;
    await places.vcenter(vcenter, signal);
    const newest = newestPoints(worker, places, known, logger, signal);
    try {
      const byId = new Map<string, VmDto>();
      this.#coming.set(vcenter, byId);
      for await (const page of pagesOfVms(worker, { vcenter, atOnce: true }, signal))
        for (const vm of page) byId.set(vm.id, vm);
      // From here on changes may come, before the restore points are known.
      this.#shown.set(vcenter, { vms: byId, newest: new Map() });
      const shown = { vms: byId, newest: await newest };
      this.#shown.set(vcenter, shown);
      // Whoever asks for restore points has opened the repositories; the rows need not wait for it.
      void standings.follow(vcenter);
      return shown;
    } catch (error) {
      this.#shown.delete(vcenter);
      await newest.catch(() => undefined);
      throw error;
    } finally {
      this.#coming.delete(vcenter);
    }
  }
}
