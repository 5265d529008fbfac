import { writeFile } from 'node:fs/promises';

import { fileError } from '../../base/node/fileErrors.ts';
import { Secret } from '../../base/secret.ts';
import {
  assertKitDecided,
  confirmKit,
  declineKit,
  isKitDecided,
} from '../../core/jobs/recoveryKit/kitDecision.ts';
import { makeRecoveryKit } from '../../core/jobs/recoveryKit/makeRecoveryKit.ts';
import type { Repository } from '../../core/repository/repository.ts';
import {
  confirmRecoveryKit,
  declineRecoveryKit,
  makeRecoveryKit as kitRequest,
  readKitState,
} from '../../protocol/maintenance.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';
import { assertAbsolute } from './repositories.ts';

export function serveRecoveryKits(
  handle: Handle,
  { repositories, leftovers, clock, random }: WorkerParts,
): void {
  handle(kitRequest, async ({ repository, path }, signal) => {
    assertAbsolute(path);
    await using used = repositories.use(repository);
    using journal = leftovers.journalOfJob(() => clock.now());
    const writePage = async (html: string): Promise<void> => {
      await writeFile(path, html, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
        throw fileError(path, error);
      });
    };
    return { keyId: await makeRecoveryKit(used.place, { journal, clock, random, writePage }, signal) };
  });
  handle(readKitState, async ({ repository }, signal) => {
    await using used = repositories.use(repository);
    const keys = await used.place.listKeys(signal);
    return {
      isDecided: await isKitDecided(used.place, signal),
      hasKit: keys.some(({ isRecoveryKit }) => isRecoveryKit),
    };
  });
  handle(confirmRecoveryKit, async ({ repository, password }, signal) => {
    await using used = repositories.use(repository);
    await confirmKit(used.place, new Secret(password), signal);
    return {};
  });
  handle(declineRecoveryKit, async ({ repository }, signal) => {
    await using used = repositories.use(repository);
    await declineKit(used.place, signal);
    return {};
  });
}

/** The client asks before it starts a first backup; whoever does not hears of it here. */
export async function assertKitAsked(repository: Repository, signal: AbortSignal): Promise<void> {
  const remedy = 'Back up by hand once, and enter the recovery kit or go without it';
  await assertKitDecided(repository, remedy, signal);
}
