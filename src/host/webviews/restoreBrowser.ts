import {
  env,
  l10n,
  type Uri,
  ViewColumn,
  type WebviewPanel,
  type WebviewPanelSerializer,
  window,
} from 'vscode';

import type { Random } from '../../base/random.ts';
import {
  type BrowserChange,
  browserChanged,
  type BrowserTarget,
  showTarget,
} from '../../protocol/webview/restoreBrowser.ts';
import { panelIds } from '../ids.ts';
import type { Jobs } from '../jobs.ts';
import type { WorkerLink } from '../workerLink.ts';
import { serveRestoreBrowser, type RestoreBrowserSources } from './serveRestoreBrowser.ts';
import { pageFolder, pageHtml, PageSessions } from './webviewPanel.ts';

export interface RestoreBrowserDeps extends RestoreBrowserSources {
  readonly worker: Pick<WorkerLink, 'request' | 'onDidLose'>;
  readonly jobs: Pick<Jobs, 'all' | 'onDidChange'>;
  readonly random: Random;
  readonly extensionUri: Uri;
}

interface OpenPanel {
  readonly panel: WebviewPanel;
  readonly sessions: PageSessions;
}

/** The one panel with the restore browser. Where it stands is kept by its page, across hiding and reloads. */
export class RestoreBrowser implements WebviewPanelSerializer {
  readonly #deps: RestoreBrowserDeps;
  readonly #subscriptions: readonly { dispose(): void }[];
  readonly #knownBackups = new Set<string>();
  #open: OpenPanel | undefined;
  /** Until a page has come and asked for it. */
  #target: BrowserTarget | undefined;

  constructor(deps: RestoreBrowserDeps) {
    this.#deps = deps;
    this.#subscriptions = [
      deps.known.onDidChange(() => this.#tell('repositories')),
      deps.worker.onDidLose(() => this.#tell('worker-lost')),
      deps.jobs.onDidChange(() => {
        if (this.#hasNewBackup()) this.#tell('points');
      }),
    ];
  }

  /** Shows the panel, in it the target if there is one, or else what it showed last. */
  show(target?: BrowserTarget): void {
    const page = this.#open?.sessions.current;
    if (this.#open === undefined) {
      this.#target = target;
      this.#adopt(
        window.createWebviewPanel(panelIds.restoreBrowser, l10n.t('Restore Browser'), ViewColumn.Active),
      );
      return;
    }
    this.#open.panel.reveal();
    if (target === undefined) return;
    if (page === undefined) this.#target = target;
    else void page.connection.sendNotification(showTarget, target);
  }

  /** After the window was reloaded: the page has kept its own state. A second panel is none of ours. */
  async deserializeWebviewPanel(panel: WebviewPanel): Promise<void> {
    if (this.#open === undefined) this.#adopt(panel);
    else panel.dispose();
    await Promise.resolve();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#open?.panel.dispose();
  }

  #adopt(panel: WebviewPanel): void {
    const { extensionUri, random } = this.#deps;
    const sessions = new PageSessions(panel, ({ handle }) =>
      serveRestoreBrowser(handle, this.#deps, () => {
        const target = this.#target;
        this.#target = undefined;
        return target;
      }),
    );
    this.#open = { panel, sessions };
    panel.onDidDispose(() => {
      if (this.#open?.panel === panel) this.#open = undefined;
    });
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder(extensionUri)] };
    panel.webview.html = pageHtml(
      panel.webview,
      extensionUri,
      { name: 'restoreBrowser', title: l10n.t('Restore Browser'), language: env.language },
      random,
    );
  }

  #tell(change: BrowserChange): void {
    void this.#open?.sessions.current?.connection.sendNotification(browserChanged, { change });
  }

  #hasNewBackup(): boolean {
    const countBefore = this.#knownBackups.size;
    for (const { id, kind, state } of this.#deps.jobs.all())
      if (kind === 'backup' && state === 'succeeded') this.#knownBackups.add(id);
    return this.#knownBackups.size > countBefore;
  }
}
