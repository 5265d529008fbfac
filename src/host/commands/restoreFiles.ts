import { isAbsolute, join } from 'node:path';
import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startFileRestore } from '../../protocol/job.ts';
import { type FileRestoreParams, planFileRestore } from '../../protocol/plan.ts';
import type { Host } from '../host.ts';
import { fileRestoreText } from '../model/planText.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';
import { startJob } from './jobs.ts';

interface FileRestore extends ChosenPaths {
  readonly targetFolder: string;
}

/** Begins where the row or selection it was called on stands; the plan is shown before anything is written. */
export async function restoreGuestFile(
  host: Host,
  given: PointTreeNode | GuestSelection | undefined,
): Promise<void> {
  const title = l10n.t('Restore Guest File');
  const start = given === undefined ? {} : answeredBy(given);
  const steps: readonly Step<FileRestore>[] = [
    ...guestPathSteps(host, title, start),
    async (draft, ask) => ({
      targetFolder: await ask.input({
        title,
        prompt: targetPrompt(draft.paths ?? []),
        value: draft.targetFolder ?? host.usualTargetFolder(),
        browse: 'folder',
        check: async value =>
          await Promise.resolve(isAbsolute(value) ? undefined : l10n.t('Enter an absolute path')),
      }),
    }),
  ];
  const { volume, paths, targetFolder } = await runSteps<FileRestore>(host.ui, steps, start);
  await confirmAndStart(host, { ...volume, paths, targetFolder, overwrite: true });
}

function targetPrompt(paths: readonly string[]): string {
  const [only = '', ...others] = paths;
  return others.length === 0
    ? l10n.t('Folder to restore {0} into; it is created if it does not exist', only)
    : l10n.t('Folder to restore {0} items into; it is created if it does not exist', paths.length);
}

/** Replacing is allowed only after somebody has read what is replaced. */
async function confirmAndStart(host: Host, params: FileRestoreParams): Promise<void> {
  const plan = await host.ui.wait(l10n.t('Planning the restore'), async signal => {
    await host.places.repository(params.repository, signal);
    return await host.worker.request(planFileRestore, params, signal);
  });
  if (!(await host.ui.confirm(fileRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(host, l10n.t('Starting the restore'), async signal => {
    const overwrite = plan.replacedCount > 0;
    return await host.worker.request(startFileRestore, { ...params, overwrite }, signal);
  });
}

/** The usual place for restored files if no folder is open. */
export function restoredFolder(homeFolder: string): string {
  return join(homeFolder, 'quiesce-restored');
}
