import { type CredentialSource, heldPassword } from '../../base/credentialSource.ts';
import { AppError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { GuestSession } from '../../core/guestops/guestSession.ts';
import { downloadFromGuest } from '../../core/guestops/node/guestTransfer.ts';
import { readVirtualMachine, type VirtualMachineFacts } from '../../core/inventory/readVirtualMachine.ts';
import { type GuestFindings, lookIntoGuest as lookInto } from '../../core/jobs/guestLook/lookIntoGuest.ts';
import type { VCenterConnection } from '../../core/vsphere/node/connectVCenter.ts';
import {
  closeLiveGuest,
  type GuestLookDto,
  type LiveGuestRef,
  lookIntoGuest,
  maxLiveFileBytes,
  openLiveGuest,
  readLiveFile,
} from '../../protocol/liveGuest.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { ExplanationDto } from '../../protocol/vm.ts';
import type { GuestAccountRef, GuestPasswords } from '../guestPasswords.ts';
import type { VCenterPlace } from '../openers.ts';
import type { WorkerParts } from '../workerParts.ts';
import { explanationDto } from './predictions.ts';
import { vmIdentity } from './vms.ts';

export function serveLiveGuests(handle: Handle, parts: WorkerParts): void {
  const { vcenters, guestPasswords, guard, clock } = parts;
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
  handle(lookIntoGuest, async (guest, signal) => {
    await using vcenter = vcenters.use(guest.vm.vcenter);
    const { session, inventory } = vcenter.place;
    const vm = await readVirtualMachine(session, vmIdentity(guest.vm), signal);
    const findings = await lookAs(vcenter.place, vm, guest, parts, signal);
    const row = await inventory.row(guest.vm.id, signal);
    if (row === undefined)
      throw new AppError('NOT_FOUND', `${vm.name} is not on ${guest.vm.vcenter} any more`, {
        object: vm.name,
      });
    return guestLookDto(findings, explanationDto(row));
  });
}

/** Looks into the guest of a VM and remembers what was seen. */
export async function lookAs(
  vcenter: VCenterPlace,
  { facts }: VirtualMachineFacts,
  guest: LiveGuestRef,
  { guestPasswords, leftovers, clock, random, logger }: WorkerParts,
  signal: AbortSignal,
): Promise<GuestFindings> {
  const live = await openKnownGuest(vcenter, guest, guestPasswords, signal);
  using journal = leftovers.journalOfJob(() => clock.now());
  const { endpoint, inventory } = vcenter;
  const findings = await lookInto(live, facts, { journal, clock, random, logger, endpoint }, signal);
  inventory.addSeen(guest.vm.id, findings);
  return findings;
}

function guestLookDto(
  { seenAt, toolsConfig, volumes, look, problems }: GuestFindings,
  explanation: ExplanationDto,
): GuestLookDto {
  const { writers, ownStorage, databases, freezeScripts, ownFreezers } = look;
  const { usesDynamicDisks, usesStorageSpaces } = look;
  return {
    seenAt: seenAt.toISOString(),
    ...(toolsConfig !== undefined && { toolsConfig }),
    ...(writers !== undefined && { writers }),
    ...(volumes !== undefined && {
      fileSystems: volumes.map(({ path, fileSystem }) => ({
        path,
        ...(fileSystem !== undefined && { kind: fileSystem }),
      })),
    }),
    ...(ownStorage !== undefined && { ownStorage }),
    ...(databases !== undefined && {
      databases: databases.map(({ product, instance }) => ({ product, instance })),
    }),
    ...(freezeScripts !== undefined && { freezeScripts }),
    ...(ownFreezers !== undefined && { ownFreezers }),
    ...(usesDynamicDisks !== undefined && { usesDynamicDisks }),
    ...(usesStorageSpaces !== undefined && { usesStorageSpaces }),
    problems: problems.map(({ message }) => message),
    explanation,
  };
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
