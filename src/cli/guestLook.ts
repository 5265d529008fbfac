import { AppError, toAppError } from '../base/errors.ts';
import { counted } from '../base/units.ts';
import { withSeen } from '../core/consistency/guest/seenInGuest.ts';
import { type GuestCredentials, GuestSession } from '../core/guestops/guestSession.ts';
import type { VirtualMachineFacts } from '../core/inventory/readVirtualMachine.ts';
import { type GuestFindings, lookIntoGuest } from '../core/jobs/guestLook/lookIntoGuest.ts';
import type { GuestLookDeps } from '../core/jobs/guestLook/outputOf.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import type { CommandArguments } from './command.ts';
import { guestCredentials } from './commands/options.ts';
import type { Config, GuestConfig } from './config/config.ts';
import type { CommandContext } from './context.ts';
import { credentialSource } from './passwordPlaces.ts';

/** @throws INVALID_INPUT if neither the command line nor the configuration names an account of the guest */
export function accountFor(
  args: CommandArguments,
  { guests = {} }: Config,
  vmName: string,
): GuestCredentials {
  const configured = configuredGuest(guests, vmName);
  if (args.option('guest-user') !== undefined || configured === undefined) return guestCredentials(args);
  return credentialsOf(configured);
}

/** The account a backup of the VM looks into the guest with; undefined where nobody wants that. */
export function accountBeforeBackup(
  args: CommandArguments,
  { guests = {} }: Config,
  vmName: string,
): GuestCredentials | undefined {
  if (args.option('guest-user') !== undefined) return guestCredentials(args);
  const configured = configuredGuest(guests, vmName);
  return configured?.lookBeforeBackup === true ? credentialsOf(configured) : undefined;
}

export async function look(
  session: VimSession,
  { ref, name, facts }: VirtualMachineFacts,
  credentials: GuestCredentials,
  deps: GuestLookDeps,
  signal: AbortSignal,
): Promise<GuestFindings> {
  const guest = await GuestSession.open(session, { ref, name }, credentials, signal);
  return await lookIntoGuest(guest, facts, deps, signal);
}

/** The VM with what a look has found, if one is wanted. What cannot be seen is told, and ends no backup. */
export async function seenBeforeBackup(
  context: CommandContext,
  session: VimSession,
  vm: VirtualMachineFacts,
  credentials: GuestCredentials | undefined,
  deps: GuestLookDeps,
): Promise<VirtualMachineFacts> {
  if (credentials === undefined) return vm;
  try {
    const findings = await look(session, vm, credentials, deps, context.signal);
    for (const { message } of findings.problems) context.output.note(`Not seen in ${vm.name}: ${message}`);
    return { ...vm, facts: withSeen(vm.facts, findings) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (AppError.is(error, 'INVALID_INPUT')) throw error;
    context.output.note(
      `${vm.name} is backed up without a look into its guest: ${toAppError(error).message}`,
    );
    return vm;
  }
}

/** What was seen, a line for each kind of thing; what could not be is said as that. */
export function describeFindings({
  toolsConfig,
  volumes,
  look: seen,
  problems,
}: GuestFindings): readonly string[] {
  return [
    `  tools.conf: ${toolsConfig === undefined ? unseen : settingsText(toolsConfig)}`,
    `  File systems: ${list(volumes, ({ path, fileSystem = 'unknown' }) => `${path} (${fileSystem})`)}`,
    `  Storage past the disks: ${list(seen.ownStorage, name => name)}`,
    `  Freeze scripts: ${list(seen.freezeScripts, path => path)}`,
    `  Databases: ${list(seen.databases, ({ product, instance }) => `${product} ${instance}`)}`,
    ...(seen.writers === undefined ? [] : [`  VSS writers: ${writersText(seen.writers)}`]),
    ...problems.map(({ message }) => `  Not seen: ${message}`),
  ];
}

const unseen = 'could not be seen';

function settingsText(config: NonNullable<GuestFindings['toolsConfig']>): string {
  const { excludedFileSystems } = config;
  const changed = [
    ...(config.enableSyncDriver ? [] : ['enableSyncDriver=false']),
    ...(config.enableVss ? [] : ['enableVSS=false']),
    ...(config.disableAppQuiescing ? ['vss.disableAppQuiescing=true'] : []),
    ...(excludedFileSystems.length === 0 ? [] : [`excludedFileSystems=${excludedFileSystems.join(',')}`]),
    ...(config.ignoreFrozenFileSystems ? ['ignoreFrozenFileSystems=true'] : []),
    ...(config.runsScripts ? [] : ['execScripts=false']),
  ];
  return changed.length === 0 ? 'nothing that changes quiescing' : changed.join(', ');
}

function writersText(writers: NonNullable<GuestFindings['look']['writers']>): string {
  const unstable = writers.filter(({ state }) => state !== 1);
  const others = unstable.map(({ name, state }) => `${name} is in state ${state}`);
  return [counted(writers.length - unstable.length, 'stable writer'), ...others].join(', ');
}

function list<Item>(items: readonly Item[] | undefined, text: (item: Item) => string): string {
  if (items === undefined) return unseen;
  return items.length === 0 ? 'none' : items.map(text).join(', ');
}

function configuredGuest(guests: NonNullable<Config['guests']>, vmName: string): GuestConfig | undefined {
  return Object.hasOwn(guests, vmName) ? guests[vmName] : undefined;
}

function credentialsOf({ user, password }: GuestConfig): GuestCredentials {
  return { user, source: credentialSource(password, `the guest's account ${user}`) };
}
