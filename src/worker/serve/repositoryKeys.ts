import { Secret } from '../../base/secret.ts';
import { addKey, changePassword, removeKey } from '../../core/jobs/repositoryKeys.ts';
import type { KeyEntry } from '../../core/repository/keys.ts';
import {
  addKey as addKeyRequest,
  changeRepositoryPassword,
  type KeyDto,
  listKeys,
  removeKey as removeKeyRequest,
} from '../../protocol/maintenance.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveRepositoryKeys(handle: Handle, { repositories, leftovers, clock }: WorkerParts): void {
  handle(listKeys, async ({ repository }, signal) => {
    await using used = repositories.use(repository);
    return { keys: (await used.place.listKeys(signal)).map(keyDto) };
  });
  handle(addKeyRequest, async ({ repository, password }, signal) => {
    await using used = repositories.use(repository);
    using journal = leftovers.journalOfJob(() => clock.now());
    const key = { password: new Secret(password), isRecoveryKit: false };
    return { keyId: await addKey(used.place, journal, key, signal) };
  });
  handle(removeKeyRequest, async ({ repository, keyId }, signal) => {
    await using used = repositories.use(repository);
    using journal = leftovers.journalOfJob(() => clock.now());
    await removeKey(used.place, journal, keyId, signal);
    return {};
  });
  handle(changeRepositoryPassword, async ({ repository, password }, signal) => {
    await using used = repositories.use(repository);
    using journal = leftovers.journalOfJob(() => clock.now());
    return { keyId: await changePassword(used.place, journal, new Secret(password), signal) };
  });
}

function keyDto({ createdAt, id, username, hostname, isRecoveryKit, isCurrent }: KeyEntry): KeyDto {
  return {
    ...{ id, username, hostname, isRecoveryKit, isCurrent },
    ...(createdAt !== undefined && { createdAt: createdAt.toISOString() }),
  };
}
