import { AppError } from '../base/errors.ts';
import { transportKinds } from '../core/catalog/manifest.ts';
import { defaultWholeReads, type WholeReadPolicy } from '../core/changes/readDecision.ts';
import { compareLevels, weakest } from '../core/consistency/level.ts';
import {
  type ConsistencyPolicy,
  defaultPolicy,
  shortfallChoices,
} from '../core/consistency/request/policy.ts';
import type { NbdSettings } from '../core/disk/nbd/nbdSettings.ts';
import { type TransportChoice, transportChoices } from '../core/jobs/backupVm/transports/transportsFor.ts';
import type { CommandArguments, CommandOption } from './command.ts';
import { askableLevels, type BackupDefaults, vssBackupTypes } from './config/config.ts';

export const policyOptions = {
  level: {
    value: 'LEVEL',
    help: 'ask for this at most: application (default), filesystem, or crash, which leaves the guest alone',
  },
  'minimum-level': { value: 'LEVEL', help: 'what it has to be at least (default filesystem)' },
  'on-shortfall': {
    value: 'WHAT',
    help: 'below the minimum: fail (default), step-down, or ask, which fails without a terminal',
  },
  'quiesce-timeout': { value: 'MINUTES', help: 'for the whole of quiescing, 5 to 240' },
  'vss-backup-type': { value: 'TYPE', help: 'copy (default), or full, which may truncate logs' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const wholeReadOptions = {
  full: { help: 'read every disk whole, and compare what is said to be unchanged' },
  'full-after-points': { value: 'N', help: 'read whole again after so many restore points (default 30)' },
  'full-after-days': { value: 'N', help: 'or so many days (default 30)' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const transportOption = {
  transport: {
    value: 'KIND',
    help: `read disks by this alone: ${transportKinds.join(', ')}; auto (default) takes the best that is open`,
  },
  'nbd-command': {
    value: 'COMMAND',
    help: 'program that serves disks: vddk, nfc, pynfc, vectura, or words with values in braces',
  },
  'nbd-library': { value: 'FOLDER', help: "where VMware's Virtual Disk Development Kit was unpacked" },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** The command line's program takes the place of the configured one. */
export function chosenNbd(args: CommandArguments, { nbd }: BackupDefaults = {}): NbdSettings | undefined {
  const command = args.option('nbd-command')?.trim().split(/\s+/) ?? nbd?.command;
  const library = args.option('nbd-library') ?? nbd?.library;
  if (command === undefined) return undefined;
  return { ...nbd, command, ...(library !== undefined && { library }) };
}

export function chosenTransport(args: CommandArguments, defaults: BackupDefaults = {}): TransportChoice {
  return args.choice('transport', transportChoices) ?? defaults.transport ?? 'auto';
}

/** When disks are read whole although their changes are known. */
export function chosenWholeReads(args: CommandArguments, defaults: BackupDefaults = {}): WholeReadPolicy {
  return {
    isRequested: args.flag('full'),
    everyPoints: args.count('full-after-points') ?? defaults.fullAfterPoints ?? defaultWholeReads.everyPoints,
    everyDays: args.count('full-after-days') ?? defaults.fullAfterDays ?? defaultWholeReads.everyDays,
  };
}

/**
 * What the command line says, else the configuration file, else the usual.
 * @throws INVALID_INPUT naming the option
 */
export function chosenPolicy(args: CommandArguments, defaults: BackupDefaults = {}): ConsistencyPolicy {
  const wanted = args.choice('level', askableLevels) ?? defaults.level ?? defaultPolicy.wanted;
  const given = args.choice('minimum-level', askableLevels);
  // Whoever asks for less and says nothing of a minimum does not want to fail by the usual one.
  const minimum = given ?? weakest([wanted, defaults.minimumLevel ?? defaultPolicy.minimum]);
  if (compareLevels(minimum, wanted) > 0) {
    throw new AppError(
      'INVALID_INPUT',
      `a minimum of ${minimum} is more than ${wanted}, which is asked for`,
      {
        object: '--minimum-level',
        remedy: 'Give a --level that is at least the minimum',
      },
    );
  }
  return {
    wanted,
    minimum,
    onShortfall:
      args.choice('on-shortfall', shortfallChoices) ?? defaults.onShortfall ?? defaultPolicy.onShortfall,
    timeoutMinutes: args.count('quiesce-timeout') ?? defaults.quiesceTimeoutMinutes,
    vssBackupType:
      args.choice('vss-backup-type', vssBackupTypes) ?? defaults.vssBackupType ?? defaultPolicy.vssBackupType,
  };
}
