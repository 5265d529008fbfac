import { AppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Random } from '../../../base/random.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { LocalHost } from '../localHost.ts';
import type { LockHolder } from '../locks.ts';
import { integerOrZero } from './formatFields.ts';
import { goTime } from './goJson.ts';
import { unsealJson } from './unpacked.ts';

/** A lock that was not refreshed for so long is nobody's: the rule that all clients of the format follow. */
const staleAfterMs = 30 * 60 * 1000;

const maxJsonBytes = 65_536;

/** What a lock says, beside who holds it and since when. */
export interface LockClaim {
  readonly exclusive: boolean;
  readonly vmId?: string;
}

/**
 * A sealed lock, too short to be worth compressing. `vm` is ours; other clients pass over fields they do not know.
 * @see restic design document, "Locks"
 */
export function sealLock(
  claim: LockClaim,
  time: Date,
  host: LocalHost,
  sealer: Sealer,
  random: Random,
): Uint8Array {
  const json = JSON.stringify({
    time: goTime(time),
    exclusive: claim.exclusive,
    hostname: host.hostname,
    username: host.username,
    pid: host.pid,
    uid: host.uid,
    gid: host.gid,
    vm: claim.vmId,
  });
  return sealer.seal(Buffer.from(json), random);
}

/** @throws CorruptDataError */
export async function unsealLock(
  sealed: Uint8Array,
  id: string,
  now: Date,
  host: LocalHost,
  sealer: Sealer,
): Promise<LockHolder> {
  const what = `lock ${id}`;
  const json = JsonReader.parse(await unsealJson(sealed, sealer, maxJsonBytes, what), what);
  const time = json.date('time');
  const hostname = json.optionalString('hostname') ?? '';
  const pid = integerOrZero(json, 'pid', 2 ** 32);
  const isOverdue = now.getTime() - time.getTime() > staleAfterMs;
  const isOfDeadProcess = hostname === host.hostname && pid > 0 && !host.isAlive(pid);
  return {
    id,
    exclusive: json.has('exclusive') && json.boolean('exclusive'),
    hostname,
    username: json.optionalString('username') ?? '',
    pid,
    time,
    ...(json.has('vm') && { vmId: json.string('vm') }),
    stale: isOverdue || isOfDeadProcess,
  };
}

/**
 * Throws if one of the others keeps `claim` from being made.
 * @throws AppError CONFLICT naming the other, since when it holds its lock, and what to do
 */
export function assertNoConflict(claim: LockClaim, others: readonly LockHolder[], location: string): void {
  for (const other of others) {
    if (other.stale) continue;
    const sameVm = claim.vmId !== undefined && claim.vmId === other.vmId;
    if (!claim.exclusive && !other.exclusive && !sameVm) continue;
    const holder = `${other.username}@${other.hostname} (process ${other.pid})`;
    const how = other.exclusive ? 'exclusively locked' : sameVm ? 'locked for the same VM' : 'in use';
    throw new AppError('CONFLICT', `${location}: ${how} by ${holder} since ${goTime(other.time)}`, {
      object: location,
      remedy: 'Try again when it has finished; if that process no longer exists, remove stale locks',
    });
  }
}
