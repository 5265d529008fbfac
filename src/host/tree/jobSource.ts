import type { JobDto } from '../../protocol/job.ts';
import type { Jobs } from '../jobs.ts';
import { jobView } from '../model/jobModel.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';
import type { TreeSource } from './lazyTree.ts';

/** A flat list of jobs, newest first. */
export class JobSource implements TreeSource<JobDto> {
  readonly #jobs: Jobs;
  readonly #t: Translate;
  #isLoaded = false;

  constructor(jobs: Jobs, t: Translate) {
    this.#jobs = jobs;
    this.#t = t;
  }

  async children(node: JobDto | undefined, signal: AbortSignal): Promise<readonly JobDto[]> {
    if (node !== undefined) return [];
    if (!this.#isLoaded) {
      // Before the request: its answer refreshes this tree, which must not ask again.
      this.#isLoaded = true;
      await this.#jobs.refresh(signal);
    }
    return this.#jobs.all();
  }

  view(job: JobDto): NodeView {
    return jobView(job, this.#t);
  }
}
