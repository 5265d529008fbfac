import { type Empty, request } from './message.ts';

/** What people have set for all jobs of the worker. */
export interface WorkerSettingsDto {
  readonly parallel: ParallelLimitsDto;
  /** For how long a paused backup keeps its snapshot; 30 minutes unless it is set, at most a day. */
  readonly keepPausedSnapshotMs?: number;
}

/** How many VMs at a time have a snapshot of a backup, and how many of their disks are read. Each from 1 to 40. */
export interface ParallelLimitsDto {
  readonly perHost: number;
  readonly perDatastore: number;
  readonly perVCenter: number;
}

/** Takes the place of what was set before, by whichever client; jobs that run go by it, too. */
export const applySettings = request<WorkerSettingsDto, Empty>('settings/apply');
