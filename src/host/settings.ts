import { ConfigurationTarget, workspace } from 'vscode';

import { MiB } from '../base/units.ts';
import type { WholeReadsDto } from '../protocol/plan.ts';
import { settingIds } from './ids.ts';
import { type Grouping, groupings } from './model/vmArrangement.ts';
import type { GroupingSetting } from './vmView.ts';

export interface Settings {
  /** Command lines whose first line of output is a password, by place: `vcenter/NAME` or `repository/NAME`. */
  readonly passwordCommands: Readonly<Record<string, string>>;
  readonly limits: TransferLimits;
}

/** How fast a repository may be used, in bytes a second; without: as fast as it goes. */
export interface TransferLimits {
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
}

/** What a person wrote may be of any type: what is not text is left out. */
export function readSettings(): Settings {
  const written = workspace.getConfiguration().get<unknown>(settingIds.passwordCommands);
  const entries = typeof written === 'object' && written !== null ? Object.entries(written) : [];
  return {
    passwordCommands: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    limits: {
      ...limit('uploadBytesPerSecond', settingIds.uploadLimit),
      ...limit('downloadBytesPerSecond', settingIds.downloadLimit),
    },
  };
}

/** People write MiB a second; 0 is no limit. */
function limit(name: keyof TransferLimits, settingId: string): TransferLimits {
  const written = workspace.getConfiguration().get<unknown>(settingId);
  if (typeof written !== 'number' || !(written > 0)) return {};
  return { [name]: Math.max(1, Math.round(written * MiB)) };
}

/** When backups read disks whole although their changes are known; what is no whole number is left out. */
export function readWholeReads(): WholeReadsDto | undefined {
  const everyPoints = wholeNumber(settingIds.fullAfterPoints, 1);
  const everyDays = wholeNumber(settingIds.fullAfterDays, 0);
  if (everyPoints === undefined && everyDays === undefined) return undefined;
  return { ...(everyPoints !== undefined && { everyPoints }), ...(everyDays !== undefined && { everyDays }) };
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
