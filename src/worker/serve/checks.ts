import { checkRepository } from '../../core/jobs/checkRepository.ts';
import type { CheckFinding, CheckResult } from '../../core/repository/check.ts';
import { type CheckResultDto, maxListedFindings, startCheck } from '../../protocol/job.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveChecks(handle: Handle, { repositories, jobs, leftovers, clock }: WorkerParts): void {
  handle(startCheck, ({ repository, readData }) => {
    const { id } = repositories.assertOpen(repository);
    const jobId = jobs.start({
      kind: 'check',
      object: repository,
      exclusiveKeys: [`check ${id}`],
      run: async ({ signal, logger, onProgress }) => {
        await using used = repositories.use(repository, repository);
        using journal = leftovers.journalOfJob(() => clock.now());
        const result = await checkRepository(used.place, journal, { readData }, onProgress, signal);
        for (const { object, message } of result.errors) logger.error(`${object}: ${message}`);
        for (const { object, message } of result.warnings) logger.warn(`${object}: ${message}`);
        return resultDto(result, readData);
      },
    });
    return { jobId };
  });
}

function resultDto(result: CheckResult, readData: boolean): CheckResultDto {
  const { errorCount, warningCount, snapshotCount, packCount, packBytes, blobCount, readBytes } = result;
  return {
    kind: 'check',
    readData,
    errors: result.errors.slice(0, maxListedFindings).map(findingDto),
    errorCount,
    warnings: result.warnings.slice(0, maxListedFindings).map(findingDto),
    warningCount,
    damagedPoints: result.damagedSnapshots,
    ...{ snapshotCount, packCount, packBytes, blobCount, readBytes },
  };
}

function findingDto({ object, message }: CheckFinding) {
  return { object, message };
}
