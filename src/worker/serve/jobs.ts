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

export function serveJobs(handle: Handle, { jobs, history, guard }: WorkerParts): void {
  handle(startGuard, ({ expired }) => ({ jobId: guard.start(expired) }));
  handle(listJobs, async () => {
    const past = await history.read();
    return { jobs: [...jobs.list(), ...past.map(({ job }) => job).filter(({ id }) => !jobs.has(id))] };
  });
  handle(cancelJob, ({ jobId, member }) => ({ state: jobs.cancel(jobId, member) }));
  handle(pauseJob, ({ jobId }) => ({ state: jobs.pause(jobId) }));
  handle(resumeJob, ({ jobId }) => ({ state: jobs.resume(jobId) }));
  handle(retryJob, ({ jobId, member }) => ({ jobId: jobs.retry(jobId, member) }));
  handle(answerJob, answer => {
    jobs.answer(answer);
    return {};
  });
  handle(readJobLog, async ({ jobId }) => {
    const past = jobs.has(jobId) ? [] : await history.read();
    return past.find(({ job }) => job.id === jobId)?.log ?? jobs.log(jobId);
  });
}
