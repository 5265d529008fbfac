import {
  env,
  l10n,
  type Uri,
  ViewColumn,
  type WebviewPanel,
  type WebviewPanelSerializer,
  window,
} from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { recoveryChanged } from '../../protocol/webview/recovery.ts';
import { panelIds } from '../ids.ts';
import type { Jobs } from '../jobs.ts';
import type { WorkerLink } from '../workerLink.ts';
import { type RecoverySources, serveRecovery } from './serveRecovery.ts';
import { pageFolder, pageHtml, PageSessions } from './webviewPanel.ts';

export interface RecoveryDeps extends RecoverySources {
  readonly worker: Pick<WorkerLink, 'request' | 'onDidLose' | 'onDidChangeVms' | 'onDidChangeGoals'>;
  readonly jobs: Pick<Jobs, 'onDidFinish'>;
  readonly random: Random;
  readonly extensionUri: Uri;
}

interface OpenPanel {
  readonly vm: VmRef;
  readonly panel: WebviewPanel;
  readonly sessions: PageSessions;
}

/** Ages grow and goals are missed although nothing happens. */
const tickMs = 60_000;

/** One panel with the Recovery page for each VM that was asked for; its page keeps of whom it is across reloads. */
export class RecoveryPanels implements WebviewPanelSerializer {
  readonly #deps: RecoveryDeps;
  readonly #subscriptions: readonly { dispose(): void }[];
  readonly #open = new Map<string, OpenPanel>();
  readonly #lifetime = new AbortController();

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
    const { known, worker, jobs } = deps;
    this.#subscriptions = [
      known.onDidChange(() => this.#tell()),
      worker.onDidLose(() => this.#tell()),
      worker.onDidChangeGoals(() => this.#tell()),
      jobs.onDidFinish(() => this.#tell()),
      worker.onDidChangeVms(({ vcenter, changed, removed }) => {
        const ids = new Set([...changed.map(({ id }) => id), ...removed]);
        this.#tell(({ vm }) => vm.vcenter === vcenter && ids.has(vm.id));
      }),
    ];
    void this.#tick();
  }

  /** The VM's panel, brought forward if it is there. */
  show(vm: VmRef): void {
    const open = this.#open.get(keyOf(vm));
    if (open !== undefined) open.panel.reveal();
    else this.#adopt(window.createWebviewPanel(panelIds.recovery, titleOf(vm), ViewColumn.Active), vm);
  }

  /** After the window was reloaded: of whom the page is, it has kept itself. */
  async deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    const vm = vmIn(state);
    if (vm === undefined || this.#open.has(keyOf(vm))) panel.dispose();
    else this.#adopt(panel, vm);
    await Promise.resolve();
  }

  dispose(): void {
    this.#lifetime.abort(new CancelledError());
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const { panel } of this.#open.values()) panel.dispose();
  }

  #adopt(panel: WebviewPanel, vm: VmRef): void {
    const { extensionUri, random } = this.#deps;
    const sessions = new PageSessions(panel, ({ handle }) => serveRecovery(handle, this.#deps, vm));
    this.#open.set(keyOf(vm), { vm, panel, sessions });
    panel.onDidDispose(() => {
      if (this.#open.get(keyOf(vm))?.panel === panel) this.#open.delete(keyOf(vm));
    });
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder(extensionUri)] };
    const parts = { name: 'recovery', title: titleOf(vm), language: env.language };
    panel.webview.html = pageHtml(panel.webview, extensionUri, parts, random);
  }

  #tell(concerns: (open: OpenPanel) => boolean = () => true): void {
    for (const open of this.#open.values())
      if (concerns(open)) void open.sessions.current?.connection.sendNotification(recoveryChanged, {});
  }

  async #tick(): Promise<void> {
    try {
      for (;;) {
        await this.#deps.clock.sleep(tickMs, this.#lifetime.signal);
        this.#tell();
      }
    } catch {
      // The window is closed.
    }
  }
}

function titleOf({ name }: VmRef): string {
  return l10n.t('Recovery of {0}', name);
}

function keyOf({ vcenter, id }: VmRef): string {
  return JSON.stringify([vcenter, id]);
}

/** What a page has kept, as far as it names a VM. */
function vmIn(state: unknown): VmRef | undefined {
  const { vm } = (state ?? {}) as { readonly vm?: Partial<VmRef> };
  if (typeof vm?.vcenter !== 'string' || typeof vm.id !== 'string' || typeof vm.name !== 'string')
    return undefined;
  return { vcenter: vm.vcenter, id: vm.id, name: vm.name };
}
