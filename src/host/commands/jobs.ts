import { l10n, Uri, window, workspace } from 'vscode';

import { cancelJob as cancelRequest, type JobDto, type JobRef } from '../../protocol/job.ts';
import type { Host } from '../host.ts';
import { schemes } from '../ids.ts';
import { isRunning, jobTitle, progressText } from '../model/jobModel.ts';
import { runSteps } from '../ui/wizard.ts';

/** Waits for the answer that it has begun, not for its end: that is told when it comes. */
export async function startJob(
  host: Host,
  title: string,
  start: (signal: AbortSignal) => Promise<JobRef>,
): Promise<void> {
  const { jobId } = await host.ui.wait(title, start);
  host.jobs.markOurs(jobId);
}

export async function cancelJob(host: Host, given: JobDto | undefined): Promise<void> {
  const job = given ?? (await chooseJob(host, l10n.t('Cancel Job'), isRunning));
  await host.ui.wait(l10n.t('Cancelling'), async signal => {
    await host.worker.request(cancelRequest, { jobId: job.id }, signal);
  });
}

export async function showJobLog(host: Host, given: JobDto | undefined): Promise<void> {
  const job = given ?? (await chooseJob(host, l10n.t('Show Job Log'), () => true));
  const path = `/${jobTitle(job, l10n.t).replaceAll('/', '∕')}.log`;
  const document = await workspace.openTextDocument(
    Uri.from({ scheme: schemes.jobLog, path, query: job.id }),
  );
  await window.showTextDocument(document, { preview: true });
}

async function chooseJob(host: Host, title: string, isWanted: (job: JobDto) => boolean): Promise<JobDto> {
  const { job } = await runSteps<{ job: JobDto }>(
    host.ui,
    [
      async (_, ask) => ({
        job: await ask.pick({
          title,
          placeholder: l10n.t('Job'),
          whenEmpty: l10n.t('No job'),
          choices: async signal => {
            await host.jobs.refresh(signal);
            return host.jobs
              .all()
              .filter(isWanted)
              .map(candidate => ({
                label: jobTitle(candidate, l10n.t),
                description: isRunning(candidate) ? progressText(candidate, l10n.t) : candidate.state,
                value: candidate,
              }));
          },
        }),
      }),
    ],
    {},
  );
  return job;
}
