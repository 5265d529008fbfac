import { commands, type Disposable, type Event, l10n, type TreeView, window } from 'vscode';

import type { SnapshotReportDto } from '../../protocol/snapshotReport.ts';
import type { VCenterChangeDto } from '../../protocol/vcenter.ts';
import type { VmChangesDto } from '../../protocol/vm.ts';
import { contextKeys, viewIds } from '../ids.ts';
import type { Jobs } from '../jobs.ts';
import { sentence } from '../model/errorText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import type { Standings } from '../standings.ts';
import type { Worker } from '../workerLink.ts';
import { GuestFileDrag } from './guestFileDrag.ts';
import { JobSource } from './jobSource.ts';
import { LazyTree } from './lazyTree.ts';
import { PointSource } from './pointSource.ts';
import { type SourceDeps, VmSource } from './vmSource.ts';

export interface TreesDeps extends Omit<SourceDeps, 't'> {
  readonly worker: Worker & {
    readonly onDidChangeVms: Event<VmChangesDto>;
    readonly onDidChangeVCenter: Event<VCenterChangeDto>;
    readonly onDidReportSnapshots: Event<SnapshotReportDto>;
  };
  readonly standings: Standings;
  readonly jobs: Jobs;
}

/** The trees of the three views, and what changes them. */
export class Trees implements Disposable {
  readonly vms: LazyTree<VmTreeNode>;
  readonly points: LazyTree<PointTreeNode>;
  readonly jobView: TreeView<unknown>;
  readonly #deps: TreesDeps;
  readonly #vmSource: VmSource;
  readonly #vmView: TreeView<unknown>;
  readonly #subscriptions: readonly Disposable[];

  constructor(deps: TreesDeps) {
    const { worker, known, standings, vmView, jobs, logger } = deps;
    const { t } = l10n;
    const onFailure = (error: Parameters<typeof sentence>[0]) => logger.warn(sentence(error));
    this.#deps = deps;
    this.#vmSource = new VmSource({ ...deps, t });
    this.vms = new LazyTree(this.#vmSource, t, onFailure);
    this.points = new LazyTree(new PointSource({ ...deps, t }), t, onFailure);
    const jobTree = new LazyTree(new JobSource(jobs, t), t, onFailure);
    this.#vmView = window.createTreeView(viewIds.vms, {
      treeDataProvider: this.vms,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.jobView = window.createTreeView(viewIds.jobs, { treeDataProvider: jobTree });
    this.#subscriptions = [
      ...[this.#vmSource, this.vms, this.points, jobTree, this.#vmView, this.jobView],
      window.createTreeView(viewIds.points, {
        treeDataProvider: this.points,
        dragAndDropController: new GuestFileDrag(),
        showCollapseAll: true,
      }),
      standings.onDidChange(() => this.vms.refreshSoon(deps.clock)),
      this.#vmSource.onDidChange(() => this.#vmsChanged()),
      worker.onDidChangeVms(changes => {
        if (this.#vmSource.apply(changes)) this.#vmsChanged();
      }),
      worker.onDidChangeVCenter(change => {
        if (this.#vmSource.vcenterChanged(change)) this.#vmsChanged();
      }),
      worker.onDidReportSnapshots(report => {
        if (this.#vmSource.snapshotsReported(report)) this.#vmsChanged();
      }),
      vmView.onDidChange(() => {
        this.vms.refresh();
        this.#showFilter();
      }),
      known.onDidChange(() => this.refresh()),
      jobs.onDidChange(() => jobTree.refresh()),
      jobs.onDidLoseWorker(() => this.#vmSource.forget()),
    ];
  }

  /** Fetches anew what they show. */
  refresh(): void {
    this.#vmSource.forget();
    this.vms.refresh();
    this.points.refresh();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #vmsChanged(): void {
    this.vms.refreshSoon(this.#deps.clock);
    this.#showFilter();
  }

  /** While a filter hides VMs, the view says so, and its title offers to clear it. */
  #showFilter(): void {
    const { filter } = this.#deps.vmView;
    void commands.executeCommand('setContext', contextKeys.vmsFiltered, filter !== undefined);
    if (filter === undefined) {
      this.#vmView.message = '';
      return;
    }
    const { matching, all } = this.#vmSource.filterCounts(filter);
    this.#vmView.message = l10n.t('Filter: {0} ({1} of {2} VMs)', filter.text, matching, all);
  }
}
