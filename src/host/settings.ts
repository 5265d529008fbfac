import { ConfigurationTarget, workspace } from 'vscode';

import { MiB } from '../base/units.ts';
import type { NbdSettingsDto, TransportChoiceDto, WholeReadsDto } from '../protocol/plan.ts';
import type { RepositoryParams } from '../protocol/repository.ts';
import type { NotificationsDto, WorkerSettingsDto } from '../protocol/settings.ts';
import { settingIds } from './ids.ts';
import { type Grouping, groupings } from './model/vmArrangement.ts';
import type { GroupingSetting } from './vmView.ts';

export interface Settings {
  /** Command lines whose first line of output is a password, by place: `vcenter/NAME` or `repository/NAME`. */
  readonly passwordCommands: Readonly<Record<string, string>>;
  readonly repositoryUse: RepositoryUse;
}

/** How repositories are used: how fast, and how what is stored is compressed and packed. */
export type RepositoryUse = Pick<
  RepositoryParams,
  'uploadBytesPerSecond' | 'downloadBytesPerSecond' | 'compression' | 'packMiB'
>;

/** What a person wrote may be of any type: what is not text is left out. */
export function readSettings(): Settings {
  const written = workspace.getConfiguration().get<unknown>(settingIds.passwordCommands);
  const entries = typeof written === 'object' && written !== null ? Object.entries(written) : [];
  return {
    passwordCommands: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    repositoryUse: {
      ...limit('uploadBytesPerSecond', settingIds.uploadLimit),
      ...limit('downloadBytesPerSecond', settingIds.downloadLimit),
      ...readStoring(),
    },
  };
}

/** People write MiB a second; 0 is no limit. */
function limit(name: 'uploadBytesPerSecond' | 'downloadBytesPerSecond', settingId: string): RepositoryUse {
  const written = workspace.getConfiguration().get<unknown>(settingId);
  if (typeof written !== 'number' || !(written > 0)) return {};
  return { [name]: Math.max(1, Math.round(written * MiB)) };
}

/** What is no such word is left out; a size that cannot be had is told by the worker. */
function readStoring(): RepositoryUse {
  const written = workspace.getConfiguration().get<unknown>(settingIds.compression);
  const compression = compressions.find(word => word === written);
  const packMiB = wholeNumber(settingIds.packSize, 1);
  return {
    ...(compression !== undefined && { compression }),
    ...(packMiB !== undefined && { packMiB }),
  };
}

const compressions = ['off', 'fast', 'auto', 'max'] as const;

/** When backups read disks whole although their changes are known; what is no whole number is left out. */
export function readWholeReads(): WholeReadsDto | undefined {
  const everyPoints = wholeNumber(settingIds.fullAfterPoints, 1);
  const everyDays = wholeNumber(settingIds.fullAfterDays, 0);
  if (everyPoints === undefined && everyDays === undefined) return undefined;
  return { ...(everyPoints !== undefined && { everyPoints }), ...(everyDays !== undefined && { everyDays }) };
}

/** What backups read disks by; what is no such word is left out. */
export function readTransport(): TransportChoiceDto | undefined {
  const written = workspace.getConfiguration().get<unknown>(settingIds.transport);
  return transports.find(word => word === written);
}

const transports = [
  'auto',
  'nfc-lease',
  'datastore-files',
  'nbd',
  'hot-add',
] as const satisfies readonly TransportChoiceDto[];
/** What all jobs of the worker go by. */
export function readWorkerSettings(): WorkerSettingsDto {
  return {
    parallel: {
      perHost: turns(settingIds.transfersPerHost, 4),
      perDatastore: turns(settingIds.transfersPerDatastore, 4),
      perVCenter: turns(settingIds.transfersPerVCenter, 8),
    },
    keepPausedSnapshotMs: Math.min(keepPausedMinutes(), mostKeepPausedMinutes) * minuteMs,
    notifications: readNotifications(),
  };
}

export const workerSettingIds: readonly string[] = [
  settingIds.transfersPerHost,
  settingIds.transfersPerDatastore,
  settingIds.transfersPerVCenter,
  settingIds.pausedSnapshotMinutes,
  settingIds.notifyWebhook,
  settingIds.notifyCommand,
  settingIds.metricsFile,
];

/** What is empty or of another type is not wanted; what cannot be used is told by the worker. */
function readNotifications(): NotificationsDto {
  const webhookUrl = text(settingIds.notifyWebhook);
  const metricsFile = text(settingIds.metricsFile);
  const written = workspace.getConfiguration().get<unknown>(settingIds.notifyCommand);
  const command = Array.isArray(written) ? written.filter(word => typeof word === 'string') : [];
  return {
    ...(webhookUrl !== undefined && { webhookUrl }),
    ...(command.length > 0 && { command }),
    ...(metricsFile !== undefined && { metricsFile }),
  };
}

function text(id: string): string | undefined {
  const written = workspace.getConfiguration().get<unknown>(id);
  return typeof written === 'string' && written.trim() !== '' ? written.trim() : undefined;
}

const minuteMs = 60_000;
const mostKeepPausedMinutes = 24 * 60;

function keepPausedMinutes(): number {
  return wholeNumber(settingIds.pausedSnapshotMinutes, 0) ?? 30;
}

const mostTurns = 40;

/** What is no such number is the usual one. */
function turns(id: string, usual: number): number {
  const written = wholeNumber(id, 1) ?? usual;
  return written <= mostTurns ? written : usual;
}

/** The program that disks are read through; undefined without one. */
export function readNbd(): NbdSettingsDto | undefined {
  const configuration = workspace.getConfiguration();
  const written = configuration.get<unknown>(settingIds.nbdCommand);
  const words: readonly unknown[] = Array.isArray(written) ? written : [];
  const command = words.filter(word => typeof word === 'string');
  if (command.length === 0) return undefined;
  const library = configuration.get<unknown>(settingIds.nbdLibrary);
  const requestKiB = wholeNumber(settingIds.nbdRequestSize, 1);
  const inFlight = wholeNumber(settingIds.nbdRequests, 1);
  return {
    command,
    ...(typeof library === 'string' && library !== '' && { library }),
    ...(requestKiB !== undefined && { requestKiB }),
    ...(inFlight !== undefined && { inFlight }),
  };
}

function wholeNumber(id: string, least: number): number | undefined {
  const written = workspace.getConfiguration().get<unknown>(id);
  return typeof written === 'number' && Number.isSafeInteger(written) && written >= least
    ? written
    : undefined;
}

/** What the VMs are grouped by; what is no grouping is the usual one. */
export const groupingSetting: GroupingSetting = {
  read: () => {
    const written = workspace.getConfiguration().get<unknown>(settingIds.groupVmsBy);
    return groupings.find(grouping => grouping === written) ?? usualGrouping;
  },
  write: async grouping => {
    await workspace.getConfiguration().update(settingIds.groupVmsBy, grouping, ConfigurationTarget.Global);
  },
};

const usualGrouping: Grouping = 'folders';
