import { type Event, EventEmitter } from 'vscode';

import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { type AppError, CancelledError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { pagesOfKeptVms, pagesOfVms } from '../../client/listedVms.ts';
import { readSnapshotReport, type SnapshotReportDto } from '../../protocol/snapshotReport.ts';
import type { VCenterChangeDto, VCenterDto } from '../../protocol/vcenter.ts';
import { readVm, type VmChangesDto, type VmDto } from '../../protocol/vm.ts';
import { fromWireError } from '../../protocol/wireError.ts';
import { commandIds } from '../ids.ts';
import type { KnownPlaces, KnownVCenter } from '../knownPlaces.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';
import { arrangeVms } from '../model/vmArrangement.ts';
import { matchesFilter, type VmFilter } from '../model/vmFilter.ts';
import {
  type NewestPoint,
  type VCenterNode,
  vmChildren,
  vmRef,
  type VmTreeNode,
  vmTreeView,
} from '../model/vmTreeModel.ts';
import { guardianChildren, needsLook } from '../model/guardianModel.ts';
import { newestPoints } from '../newestPoints.ts';
import type { OpenPlaces } from '../openPlaces.ts';
import type { Standings } from '../standings.ts';
import type { VmView } from '../vmView.ts';
import type { Worker } from '../workerLink.ts';
import { FailureRow, type TreeSource } from './lazyTree.ts';

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

type VmTreeRow = VmTreeNode | FailureRow<VmTreeNode>;

/** What is known of a vCenter since it was looked at last. */
interface Look {
  /** Undefined while there is nothing to show. */
  vms: Map<string, VmDto> | undefined;
  /** A list of which not every page is there. */
  coming: Map<string, VmDto> | undefined;
  newest: ReadonlyMap<string, NewestPoint>;
  server: VCenterDto | undefined;
  /** Undefined until the guardian has looked. */
  snapshots: SnapshotReportDto | undefined;
  /** The worker has the vCenter open and tells of every change; until then, the VMs are those of another day. */
  isLive: boolean;
  /** Why it is not live. */
  problem: AppError | undefined;
  /** Resolves when there is something to show, or a problem and nothing else. */
  ready: Promise<void>;
}

/**
 * vCenters with their folders and VMs. What has changed is taken over; nothing is asked anew for it. While a vCenter is
 * being opened, or cannot be, its VMs are shown as they were known last, below why that is.
 */
export class VmSource implements TreeSource<VmTreeNode> {
  /** Something is shown otherwise than before, and nobody has asked for it. */
  readonly onDidChange: Event<void>;
  readonly #deps: SourceDeps;
  readonly #changed = new EventEmitter<void>();
  readonly #looks = new Map<string, Look>();

  constructor(deps: SourceDeps) {
    this.#deps = deps;
    this.onDidChange = this.#changed.event;
  }

  async children(node: VmTreeNode | undefined, signal: AbortSignal): Promise<readonly VmTreeRow[]> {
    const { known, worker, places } = this.#deps;
    if (node === undefined) return known.vcenters().map(vcenter => this.#vcenterNode(vcenter));
    switch (node.kind) {
      case 'vcenter':
        return await this.#inventory(node, signal);
      case 'folder':
        return node.children;
      case 'vm':
        await places.vcenter(node.vcenter, signal);
        return vmChildren(node, await worker.request(readVm, vmRef(node), signal));
      case 'guardian':
        return guardianChildren(node);
      case 'newestPoint':
      case 'snapshot':
      case 'guarded':
      case 'remark':
        return [];
      default:
        return never(node);
    }
  }

  /** Takes over what has changed. Returns whether something that is shown has. */
  apply({ vcenter, changed, removed, isLost }: VmChangesDto): boolean {
    const look = this.#looks.get(vcenter);
    if (look === undefined) return false;
    // One that is not live yet is told by its own request.
    if (isLost === true) return look.isLive && this.#looks.delete(vcenter);
    for (const vms of [look.vms, look.coming]) {
      for (const id of removed) vms?.delete(id);
      for (const vm of changed) vms?.set(vm.id, vm);
    }
    return look.vms !== undefined;
  }

  /** What came of a vCenter that could not be opened. Returns whether something is shown otherwise for it. */
  vcenterChanged({ name, problem }: VCenterChangeDto): boolean {
    const look = this.#looks.get(name);
    if (look?.problem === undefined) return false;
    if (problem === undefined) this.#looks.delete(name);
    else fail(look, fromWireError(problem));
    return true;
  }

  /** Returns whether something is shown otherwise for it. */
  snapshotsReported(report: SnapshotReportDto): boolean {
    const look = this.#looks.get(report.vcenter);
    if (look === undefined) return false;
    const wasShown = look.snapshots !== undefined && needsLook(look.snapshots);
    look.snapshots = report;
    return wasShown || needsLook(report);
  }

  /** How many of the VMs that are known match the filter, on all vCenters together. */
  filterCounts(filter: VmFilter): { readonly matching: number; readonly all: number } {
    const vms = [...this.#looks.values()].flatMap(({ vms: known }) => [...(known?.values() ?? [])]);
    return { matching: vms.filter(vm => matchesFilter(vm, filter)).length, all: vms.length };
  }

  /** Everything is asked for again when it is looked at next. */
  forget(): void {
    this.#looks.clear();
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

  dispose(): void {
    this.#changed.dispose();
  }

  #vcenterNode({ name, url }: KnownVCenter): VCenterNode {
    const { problem, server } = this.#looks.get(name) ?? {};
    return {
      ...{ kind: 'vcenter', name, url },
      ...(server !== undefined && { server }),
      ...(problem !== undefined && { problem }),
    };
  }

  async #inventory(node: VCenterNode, signal: AbortSignal): Promise<readonly VmTreeRow[]> {
    const { name } = node;
    const look = this.#looks.get(name) ?? this.#begin(name, signal);
    await look.ready;
    const { vms, problem, snapshots: report } = look;
    if (vms === undefined) throw problem ?? new CancelledError();
    const reason = problem === undefined ? [] : [new FailureRow<VmTreeNode>(node, problem)];
    const guardian: readonly VmTreeNode[] =
      report !== undefined && needsLook(report) ? [{ kind: 'guardian', vcenter: name, report }] : [];
    return [...reason, ...guardian, ...this.#rows(name, vms, look.newest)];
  }

  #rows(
    vcenter: string,
    vms: ReadonlyMap<string, VmDto>,
    newest: ReadonlyMap<string, NewestPoint>,
  ): readonly VmTreeNode[] {
    const { known, vmView, standings, t } = this.#deps;
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

  #begin(vcenter: string, signal: AbortSignal): Look {
    const look: Look = {
      ...{ vms: undefined, coming: undefined, newest: new Map(), server: undefined },
      snapshots: undefined,
      ...{ isLive: false, problem: undefined },
      ready: Promise.resolve(),
    };
    look.ready = this.#fill(vcenter, look, signal).catch((error: unknown) => fail(look, toAppError(error)));
    this.#looks.set(vcenter, look);
    return look;
  }

  /** Resolves as soon as there is something to show; what comes later is told as a change. */
  async #fill(vcenter: string, look: Look, signal: AbortSignal): Promise<void> {
    const { worker, places, known, logger } = this.#deps;
    const isOpen = (await places.openVCenter(vcenter, signal)) !== undefined;
    const newest = newestPoints(worker, places, known, logger, signal).then(found => {
      look.newest = found;
    });
    const tell = () => this.#changed.fire();
    // The vCenter's own row was there before anything was known of it.
    const listed = this.#list(vcenter, look, newest, signal)
      .catch((error: unknown) => {
        fail(look, toAppError(error));
      })
      .finally(tell);
    if (isOpen) await listed;
    if (look.isLive || isOfStranger(look)) return;
    const kept = await this.#kept(vcenter, signal);
    if (kept.size === 0) {
      await listed;
      return;
    }
    // The answer may have come meanwhile.
    if (!isOfStranger(look)) look.vms ??= kept;
    void newest.then(tell, () => undefined);
  }

  async #list(vcenter: string, look: Look, newest: Promise<void>, signal: AbortSignal): Promise<void> {
    const { worker, places, standings } = this.#deps;
    try {
      look.server = await places.vcenter(vcenter, signal);
      const vms = new Map<string, VmDto>();
      look.coming = vms;
      for await (const page of pagesOfVms(worker, { vcenter, atOnce: true }, signal))
        for (const vm of page) vms.set(vm.id, vm);
      look.vms = vms;
      look.isLive = true;
      await newest;
      void this.#guard(vcenter, look, signal);
      // Whoever asks for restore points has opened the repositories; the rows need not wait for it.
      void standings.follow(vcenter);
    } finally {
      look.coming = undefined;
      await newest.catch(() => undefined);
    }
  }

  /** A window that comes later has not heard what the guardian told the others. */
  async #guard(vcenter: string, look: Look, signal: AbortSignal): Promise<void> {
    if (look.snapshots !== undefined) return;
    try {
      const report = await this.#deps.worker.request(readSnapshotReport, { vcenter }, signal);
      if (this.snapshotsReported(report)) this.#changed.fire();
    } catch (error) {
      this.#deps.logger.info(`snapshots of ${vcenter} are not guarded: ${toAppError(error).message}`);
    }
  }

  async #kept(vcenter: string, signal: AbortSignal): Promise<Map<string, VmDto>> {
    const { worker, known, logger } = this.#deps;
    const vms = new Map<string, VmDto>();
    const owner = known.vcenters().find(({ name }) => name === vcenter);
    if (owner === undefined) return vms;
    try {
      for await (const page of pagesOfKeptVms(worker, owner, signal))
        for (const vm of page) vms.set(vm.id, vm);
    } catch (error) {
      // What matters is why the server is not open.
      logger.info(`what was known of ${vcenter} is not shown: ${toAppError(error).message}`);
    }
    return vms;
  }
}

function fail(look: Look, problem: AppError): void {
  look.problem = problem;
  if (isOfStranger(look)) look.vms = undefined;
}

/** A server that shows another certificate is not the one whose VMs were known. */
function isOfStranger({ problem }: Look): boolean {
  return problem?.code === 'UNTRUSTED_SERVER';
}
