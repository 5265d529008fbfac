import { type CredentialSource, heldPassword } from '../../base/credentialSource.ts';
import { AppError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { GuestSession } from '../../core/guestops/guestSession.ts';
import { downloadFromGuest } from '../../core/guestops/node/guestTransfer.ts';
import type { VCenterConnection } from '../../core/vsphere/node/connectVCenter.ts';
import {
  closeLiveGuest,
  type LiveGuestRef,
  maxLiveFileBytes,
  openLiveGuest,
  readLiveFile,
} from '../../protocol/liveGuest.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { GuestAccountRef, GuestPasswords } from '../guestPasswords.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveLiveGuests(
  handle: Handle,
  { vcenters, guestPasswords, guard, clock }: WorkerParts,
): void {
  handle(openLiveGuest, async ({ password, ...guest }, signal) => {
    await using vcenter = vcenters.use(guest.vm.vcenter);
    const account = accountRef(vcenter.place, guest);
    await openGuest(vcenter.place, guest, heldPassword(new Secret(password)), signal);
    guestPasswords.keep(account, password);
    await guard.startIfNeeded();
    return {};
  });
  handle(closeLiveGuest, async guest => {
    await using vcenter = vcenters.use(guest.vm.vcenter);
    guestPasswords.forget(accountRef(vcenter.place, guest));
    return {};
  });
  handle(readLiveFile, async ({ path, ...guest }, signal) => {
    await using vcenter = vcenters.use(guest.vm.vcenter);
    const live = await openKnownGuest(vcenter.place, guest, guestPasswords, signal);
    const { endpoint } = vcenter.place;
    const node = await live.stat(path, signal);
    if (node === undefined)
      throw new AppError('NOT_FOUND', `${guest.vm.name} has no ${path}`, { object: path });
    if (node.sizeBytes > maxLiveFileBytes) throw tooLarge(path);
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of downloadFromGuest(live, path, { clock, endpoint }, signal)) {
      sizeBytes += piece.length;
      if (sizeBytes > maxLiveFileBytes) throw tooLarge(path);
      pieces.push(piece);
    }
    return { content: Buffer.concat(pieces).toString('base64') };
  });
}

/** @throws AUTHENTICATION if nobody has given the account's password */
export async function openKnownGuest(
  vcenter: VCenterConnection,
  guest: LiveGuestRef,
  passwords: GuestPasswords,
  signal: AbortSignal,
): Promise<GuestSession> {
  const source = passwords.sourceOf(accountRef(vcenter, guest));
  if (source !== undefined) return await openGuest(vcenter, guest, source, signal);
  const { vm, user } = guest;
  throw new AppError('AUTHENTICATION', `the password of ${user} in the guest of ${vm.name} is not known`, {
    object: vm.name,
    remedy: 'Give the password again',
  });
}

async function openGuest(
  { session }: VCenterConnection,
  { vm, user }: LiveGuestRef,
  source: CredentialSource,
  signal: AbortSignal,
): Promise<GuestSession> {
  const ref = { type: 'VirtualMachine', value: vm.id };
  return await GuestSession.open(session, { ref, name: vm.name }, { user, source }, signal);
}

function accountRef({ session }: VCenterConnection, { vm, user }: LiveGuestRef): GuestAccountRef {
  return { vcenterId: session.instanceUuid, vm: vm.id, user };
}

function tooLarge(path: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `${path} is larger than 1 MiB and is not read from the running guest`,
    {
      object: path,
    },
  );
}
