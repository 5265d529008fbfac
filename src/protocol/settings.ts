import { type Empty, request } from './message.ts';

/** What people have set for all jobs of the worker. */
export interface WorkerSettingsDto {
  readonly parallel: ParallelLimitsDto;
  /** For how long a paused backup keeps its snapshot; 30 minutes unless it is set, at most a day. */
  readonly keepPausedSnapshotMs?: number;
  readonly notifications?: NotificationsDto;
}

/** How many VMs at a time have a snapshot of a backup, and how many of their disks are read. Each from 1 to 40. */
export interface ParallelLimitsDto {
  readonly perHost: number;
  readonly perDatastore: number;
  readonly perVCenter: number;
}

/** Where people hear of backups that failed, were less than asked for, or have not run; nowhere without. */
export interface NotificationsDto {
  /** `https:`, or `http:` on this computer. It may hold a token, and stays in the worker's memory. */
  readonly webhookUrl?: string;
  /** A program and its arguments, in which `{kind}`, `{vm}` and `{message}` are replaced. */
  readonly command?: readonly string[];
  /** In the text format of Prometheus; its name ends with `.prom`. */
  readonly metricsFile?: string;
}

/** Takes the place of what was set before, by whichever client; jobs that run go by it, too. */
export const applySettings = request<WorkerSettingsDto, Empty>('settings/apply');
