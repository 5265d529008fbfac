import type { Jobs } from '../jobs.ts';
import { jobChildren, type JobTreeNode, jobView } from '../model/jobModel.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';
import type { TreeSource } from './lazyTree.ts';

/** Jobs, newest first; those that work on several VMs open to them. */
export class JobSource implements TreeSource<JobTreeNode> {
  readonly #jobs: Jobs;
  readonly #t: Translate;
  #isLoaded = false;

  constructor(jobs: Jobs, t: Translate) {
    this.#jobs = jobs;
    this.#t = t;
  }

  async children(node: JobTreeNode | undefined, signal: AbortSignal): Promise<readonly JobTreeNode[]> {
    if (node !== undefined) return jobChildren(node);
    if (!this.#isLoaded) {
      // Before the request: its answer refreshes this tree, which must not ask again.
      this.#isLoaded = true;
      await this.#jobs.refresh(signal);
    }
    return this.#jobs.all();
  }

  view(job: JobTreeNode): NodeView {
    return jobView(job, this.#t);
  }
}
