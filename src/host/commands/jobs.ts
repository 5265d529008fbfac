import { l10n, Uri, window, workspace } from 'vscode';

import {
  cancelJob as cancelRequest,
  type JobDto,
  type JobPartRef,
  type JobRef,
  pauseJob as pauseRequest,
  resumeJob as resumeRequest,
  retryJob as retryRequest,
} from '../../protocol/job.ts';
import type { Host } from '../host.ts';
import { schemes } from '../ids.ts';
import { isRunning, type JobTreeNode, jobTitle, progressText } from '../model/jobModel.ts';
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

export async function cancelJob(host: Host, given: JobTreeNode | undefined): Promise<void> {
  const part = partOf(given ?? (await chooseJob(host, l10n.t('Cancel Job'), isRunning)));
  await host.ui.wait(l10n.t('Cancelling'), async signal => {
    await host.worker.request(cancelRequest, part, signal);
  });
}

/** It keeps its snapshot for a while, which its row says. */
export async function pauseJob(host: Host, given: JobDto | undefined): Promise<void> {
  const canPause = ({ canPause: can, state }: JobDto) => can === true && state === 'running';
  const job = given ?? (await chooseJob(host, l10n.t('Pause Job'), canPause));
  await host.ui.wait(l10n.t('Pausing'), async signal => {
    await host.worker.request(pauseRequest, { jobId: job.id }, signal);
  });
}

export async function resumeJob(host: Host, given: JobDto | undefined): Promise<void> {
  const job = given ?? (await chooseJob(host, l10n.t('Resume Job'), ({ state }) => state === 'paused'));
  await host.ui.wait(l10n.t('Resuming'), async signal => {
    await host.worker.request(resumeRequest, { jobId: job.id }, signal);
  });
}

/** What has failed of a job, or one of its VMs, is tried again by a new job. */
export async function retryJob(host: Host, given: JobTreeNode | undefined): Promise<void> {
  const canRetry = ({ canRetry: can }: JobDto) => can === true;
  const part = partOf(given ?? (await chooseJob(host, l10n.t('Retry Job'), canRetry)));
  await startJob(host, l10n.t('Trying again'), async signal => {
    return await host.worker.request(retryRequest, part, signal);
  });
}

function partOf(node: JobTreeNode): JobPartRef {
  return node.kind === 'member' ? { jobId: node.job.id, member: node.index } : { jobId: node.id };
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
