import { homedir } from 'node:os';
import {
  commands,
  type ExtensionContext,
  ExtensionMode,
  l10n,
  MarkdownString,
  window,
  workspace,
} from 'vscode';

import { systemClock } from './base/clock.ts';
import { systemRandom } from './base/random.ts';
import { connectWorker } from './client/node/connectWorker.ts';
import { registerCommands } from './host/commands/register.ts';
import { restoredFolder } from './host/commands/restoreFiles.ts';
import { Explanations } from './host/explanations.ts';
import { GuestFileSystem } from './host/guestFileSystem.ts';
import type { Host } from './host/host.ts';
import { contextKeys, panelIds, schemes, settingIds } from './host/ids.ts';
import { JobLog } from './host/jobLog.ts';
import { JobQuestions } from './host/jobQuestions.ts';
import { JobReporter } from './host/jobReporter.ts';
import { Jobs } from './host/jobs.ts';
import { KnownPlaces } from './host/knownPlaces.ts';
import { Lab } from './host/lab.ts';
import { LiveFiles } from './host/liveFile.ts';
import { Notifier } from './host/notify.ts';
import { Pages } from './host/pages.ts';
import { OpenPlaces } from './host/openPlaces.ts';
import { Credentials } from './host/secrets.ts';
import { groupingSetting, readSettings } from './host/settings.ts';
import { Trees } from './host/tree/trees.ts';
import { VscodeUi } from './host/ui/vscodeUi.ts';
import { VmView } from './host/vmView.ts';
import { RecoveryPanels } from './host/webviews/recovery.ts';
import { Standings } from './host/standings.ts';
import { RestoreBrowser } from './host/webviews/restoreBrowser.ts';
import { WorkerLink } from './host/workerLink.ts';
import { WorkerSettings } from './host/workerSettings.ts';
import { WorkerReporter } from './host/workerReporter.ts';
import { usualRendezvousFolder } from './protocol/node/rendezvous.ts';

/** What tests inside the editor look at; no other extension gets it. */
export interface ForTests {
  readonly host: Host;
  readonly trees: Pick<Trees, 'vms' | 'points'>;
}

/**
 * Composition root of the editor's side: makes everything once and connects it. Nothing is started here; the first
 * view or command that asks the worker something starts it.
 */
export function activate(context: ExtensionContext): ForTests | undefined {
  const log = window.createOutputChannel('Quiesce', { log: true });
  const ui = new VscodeUi(systemClock);
  const notifier = new Notifier(ui, log);
  const storageFolder = context.globalStorageUri.fsPath;
  const bundleFolder = context.asAbsolutePath('dist');

  const worker = new WorkerLink(
    async signal =>
      await connectWorker(
        {
          rendezvousFolder: usualRendezvousFolder(),
          productVersion: (context.extension.packageJSON as { readonly version: string }).version,
          bundleFolder,
          storageFolder,
          nodePath: process.execPath,
        },
        { clock: systemClock, random: systemRandom },
        signal,
      ),
  );
  const known = new KnownPlaces(context.globalState);
  const vmView = new VmView(groupingSetting);
  const credentials = new Credentials(context.secrets, readSettings);
  const places = new OpenPlaces(worker, known, credentials, () => readSettings().repositoryUse);
  const jobs = new Jobs(worker);
  const explanations = new Explanations(worker, places);
  const lab = new Lab(bundleFolder, storageFolder, log, process.env['QUIESCE_LAB']);

  const panelDeps = {
    ...{ worker, known, places, jobs, clock: systemClock, random: systemRandom },
    extensionUri: context.extensionUri,
  };
  const restoreBrowser = new RestoreBrowser(panelDeps);
  const recovery = new RecoveryPanels(panelDeps);
  const pages = new Pages();

  const standings = new Standings({ worker, jobs, clock: systemClock, logger: log });
  const trees = new Trees({
    ...{ worker, places, known, vmView, standings, jobs, clock: systemClock },
    logger: log,
  });
  const refresh = () => trees.refresh();

  const host: Host = {
    ...{ worker, known, places, credentials, vmView, jobs, lab, explanations },
    ...{ pages, recovery, restoreBrowser, ui, notifier, log, storageFolder, refresh },
    clock: systemClock,
    usualTargetFolder: () => workspace.workspaceFolders?.[0]?.uri.fsPath ?? restoredFolder(homedir()),
  };
  const guestFiles = new GuestFileSystem(worker, places);
  const liveFiles = new LiveFiles(worker, places);
  const jobLog = new JobLog(worker);

  context.subscriptions.push(
    ...[log, worker, known, vmView, jobs, lab, explanations, trees, guestFiles, liveFiles, jobLog],
    restoreBrowser,
    recovery,
    pages,
    standings,
    window.registerWebviewPanelSerializer(panelIds.restoreBrowser, restoreBrowser),
    window.registerWebviewPanelSerializer(panelIds.recovery, recovery),
    new JobReporter(jobs, { ui, notifier, log, refresh }),
    new WorkerSettings(worker, notifier),
    new JobQuestions(jobs, { ui, worker, log }),
    workspace.registerTextDocumentContentProvider(schemes.jobLog, jobLog),
    workspace.registerTextDocumentContentProvider(schemes.liveFile, liveFiles),
    workspace.registerTextDocumentContentProvider(schemes.explanation, explanations),
    workspace.registerTextDocumentContentProvider(schemes.page, pages),
    workspace.registerFileSystemProvider(schemes.guestFile, guestFiles, {
      isCaseSensitive: true,
      isReadonly: new MarkdownString(
        l10n.t('Files of a restore point never change. Restore a copy to change it.'),
      ),
    }),
    workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration(settingIds.groupVmsBy)) vmView.settingsChanged();
    }),
    known.onDidChange(() => showWelcome(known)),
    new WorkerReporter({ jobs, worker, jobView: trees.jobView, ui, log, clock: systemClock, refresh }),
    ...registerCommands(host),
  );
  showWelcome(known);
  const isTest = context.extensionMode === ExtensionMode.Test;
  return isTest ? { host, trees } : undefined;
}

/** What the welcome texts of empty views depend on. */
function showWelcome(known: KnownPlaces): void {
  void commands.executeCommand('setContext', contextKeys.hasVCenter, known.vcenters().length > 0);
  void commands.executeCommand('setContext', contextKeys.hasRepository, known.repositories().length > 0);
}
