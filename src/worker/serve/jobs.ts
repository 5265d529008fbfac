import {
  answerJob,
  cancelJob,
  listJobs,
  pauseJob,
  readJobLog,
  resumeJob,
  retryJob,
  startGuard,
} from '../../protocol/job.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveJobs(handle: Handle, { jobs, guard }: WorkerParts): void {
  handle(startGuard, ({ expired }) => ({ jobId: guard.start(expired) }));
  handle(listJobs, () => ({ jobs: jobs.list() }));
  handle(cancelJob, ({ jobId, member }) => ({ state: jobs.cancel(jobId, member) }));
  handle(pauseJob, ({ jobId }) => ({ state: jobs.pause(jobId) }));
  handle(resumeJob, ({ jobId }) => ({ state: jobs.resume(jobId) }));
  handle(retryJob, ({ jobId, member }) => ({ jobId: jobs.retry(jobId, member) }));
  handle(answerJob, answer => {
    jobs.answer(answer);
    return {};
  });
  handle(readJobLog, ({ jobId }) => jobs.log(jobId));
}
