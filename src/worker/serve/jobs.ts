import { answerJob, cancelJob, listJobs, readJobLog, startGuard } from '../../protocol/job.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveJobs(handle: Handle, { jobs, guard }: WorkerParts): void {
  handle(startGuard, ({ expired }) => ({ jobId: guard.start(expired) }));
  handle(listJobs, () => ({ jobs: jobs.list() }));
  handle(cancelJob, ({ jobId }) => ({ state: jobs.cancel(jobId) }));
  handle(answerJob, answer => {
    jobs.answer(answer);
    return {};
  });
  handle(readJobLog, ({ jobId }) => jobs.log(jobId));
}
