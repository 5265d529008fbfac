import { basename, dirname, isAbsolute, join } from 'node:path';
import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startFileRestore } from '../../protocol/job.ts';
import { type FileRestoreParams, type FileRestorePlanDto, planFileRestore } from '../../protocol/plan.ts';
import type { Host } from '../host.ts';
import { fileRestoreText } from '../model/planText.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import type { Choice } from '../ui/ui.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';
import { startJob } from './jobs.ts';

interface FileRestore extends ChosenPaths {
  readonly target: string;
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
      target: await ask.input({
        title,
        prompt: targetPrompt(draft.paths ?? []),
        value: draft.target ?? host.usualTargetFolder(),
        browse: 'folder',
        check: async value =>
          await Promise.resolve(isAbsolute(value) ? undefined : l10n.t('Enter an absolute path')),
      }),
    }),
  ];
  const { volume, paths, target } = await runSteps<FileRestore>(host.ui, steps, start);
  await confirmAndStart(host, title, { ...volume, paths, ...placeOf(target), onConflict: 'overwrite' });
}

/** What was entered says by its end which of the two it is. */
function placeOf(target: string): Pick<FileRestoreParams, 'targetFolder' | 'zipName'> {
  return target.toLowerCase().endsWith('.zip')
    ? { targetFolder: dirname(target), zipName: basename(target) }
    : { targetFolder: target };
}

function targetPrompt(paths: readonly string[]): string {
  const [only = '', ...others] = paths;
  return others.length === 0
    ? l10n.t('Folder to restore {0} into, created if missing, or a file that ends in .zip', only)
    : l10n.t(
        'Folder to restore {0} items into, created if missing, or a file that ends in .zip',
        paths.length,
      );
}

/** Replacing is allowed only after somebody has read what is replaced, and wanted it rather than the alternatives. */
async function confirmAndStart(host: Host, title: string, params: FileRestoreParams): Promise<void> {
  let wanted = params;
  let plan = await planFor(host, wanted);
  if (plan.replacedCount > 0) {
    wanted = { ...params, onConflict: await choosePolicy(host, title, plan) };
    if (wanted.onConflict !== 'overwrite') plan = await planFor(host, wanted);
  } else wanted = { ...params, onConflict: 'fail' };
  if (!(await host.ui.confirm(fileRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Starting the restore'),
    async signal => await host.worker.request(startFileRestore, wanted, signal),
  );
}

async function planFor(host: Host, params: FileRestoreParams): Promise<FileRestorePlanDto> {
  return await host.ui.wait(l10n.t('Planning the restore'), async signal => {
    await host.places.repository(params.repository, signal);
    return await host.worker.request(planFileRestore, params, signal);
  });
}

type Policy = FileRestoreParams['onConflict'];

async function choosePolicy(host: Host, title: string, plan: FileRestorePlanDto): Promise<Policy> {
  const { replacedCount, zipName } = plan;
  const steps: readonly Step<{ readonly policy: Policy }>[] = [
    async (_, ask) => ({
      policy: await ask.pick<Policy>({
        title,
        placeholder:
          zipName !== undefined
            ? l10n.t('{0} exists there already', zipName)
            : replacedCount === 1
              ? l10n.t('One file exists there already')
              : l10n.t('{0} files exist there already', replacedCount),
        whenEmpty: '',
        choices: async () => await Promise.resolve(policyChoices(plan)),
      }),
    }),
  ];
  return (await runSteps(host.ui, steps, {})).policy;
}

function policyChoices({ replacedCount, itemCount, zipName }: FileRestorePlanDto): readonly Choice<Policy>[] {
  const isOne = replacedCount === 1;
  // A zip is one file: nothing of it can be left out.
  const areOthers = zipName === undefined && itemCount > replacedCount;
  return [
    {
      label: isOne ? l10n.t('Replace It…') : l10n.t('Replace Them…'),
      icon: 'replace',
      value: 'overwrite',
    },
    ...(areOthers ? [leavingChoice(isOne)] : []),
    {
      label: isOne
        ? l10n.t('Restore Beside It Under Another Name…')
        : l10n.t('Restore Beside Them Under Other Names…'),
      icon: 'files',
      value: 'rename',
    },
  ];
}

function leavingChoice(isOne: boolean): Choice<Policy> {
  return {
    label: isOne ? l10n.t('Leave It and Restore the Others…') : l10n.t('Leave Them and Restore the Others…'),
    icon: 'debug-step-over',
    value: 'skip',
  };
}

/** The usual place for restored files if no folder is open. */
export function restoredFolder(homeFolder: string): string {
  return join(homeFolder, 'quiesce-restored');
}
