import { join } from 'node:path';

import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import {
  type DiskRestorePlanDto,
  type FileRestorePlanDto,
  type RemedyPlanDto,
  trackingReset,
  type VmRestorePlanDto,
} from '../../protocol/plan.ts';
import { sentence } from './errorText.ts';
import type { Translate } from './nodeView.ts';

/** A plan as a person reads it before saying yes: a question, what will happen, and the name of the button. */
export interface PlanText {
  readonly question: string;
  readonly lines: readonly string[];
  readonly action: string;
}

/** A dialog is no list: more lines than these are counted. */
const shownItems = 8;

export function fileRestoreText(plan: FileRestorePlanDto, t: Translate): PlanText {
  const { itemCount, totalBytes, replacedCount, skippedCount, problems } = plan;
  const target = restoreTarget(plan);
  return {
    question:
      itemCount === 1
        ? t('Restore {0} ({1}) to {2}?', plan.items[0]?.guestPath ?? '', formatBytes(totalBytes), target)
        : t('Restore {0} items ({1}) to {2}?', itemCount, formatBytes(totalBytes), target),
    lines: [
      replacedText(replacedCount, t),
      ...(skippedCount === 0 ? [] : [skippedText(skippedCount, t)]),
      ...shown(
        plan.items.map(({ guestPath, targetPath, replaces }) =>
          replaces ? t('{0} → {1} (replaced)', guestPath, targetPath) : t('{0} → {1}', guestPath, targetPath),
        ),
        itemCount,
        t,
      ),
      ...(problems.length === 0
        ? []
        : [
            t('{0} items cannot be restored; the others are:', problems.length),
            ...shown(problems, problems.length, t),
          ]),
    ],
    action: replacedCount === 0 ? t('Restore') : t('Restore and Replace'),
  };
}

function replacedText(count: number, t: Translate): string {
  if (count === 0) return t('Nothing that exists is replaced.');
  return count === 1
    ? t('One existing file is replaced; what it holds now is lost.')
    : t('{0} existing files are replaced; what they hold now is lost.', count);
}

function skippedText(count: number, t: Translate): string {
  return count === 1
    ? t('One item stays out: something exists there.')
    : t('{0} items stay out: something exists there.', count);
}

/** The folder or the zip that guest files go to. */
export function restoreTarget({
  targetFolder,
  zipName,
}: Pick<FileRestorePlanDto, 'targetFolder' | 'zipName'>): string {
  return zipName === undefined ? targetFolder : join(targetFolder, zipName);
}

export function diskRestoreText(plan: DiskRestorePlanDto, t: Translate): PlanText {
  return {
    question: t('Restore {0} of {1} to {2}?', plan.label, plan.vmName, plan.targetPath),
    lines: [
      plan.format === 'raw'
        ? t('Format: raw, {0}; areas of zeros take no space.', formatBytes(plan.capacityBytes))
        : t('Format: VMDK (streamOptimized) of a disk of {0}.', formatBytes(plan.capacityBytes)),
      t('A new file is written; nothing that exists is replaced.'),
    ],
    action: t('Restore'),
  };
}

export function vmRestoreText(plan: VmRestorePlanDto, t: Translate): PlanText {
  return {
    question: t('Restore {0} as the new VM {1}?', plan.originalName, plan.name),
    lines: [
      t('The original is not touched. The new VM stays powered off.'),
      t('vCenter: {0}', plan.vcenter),
      t('Folder: {0}', plan.folder),
      t('Resource pool: {0}', plan.resourcePool),
      t('Datastore: {0}', plan.datastore),
      ...plan.networks.map(({ from, to }) =>
        from === to ? t('Network: {0}, as before', to) : t('Network: {0} instead of {1}', to, from),
      ),
      ...(plan.networks.length === 0
        ? []
        : [
            plan.connectNetworks
              ? t('Network cards are connected at power-on.')
              : t('Network cards stay disconnected at power-on.'),
          ]),
      ...plan.disks.map(({ label, capacityBytes }) => t('{0}: {1}', label, formatBytes(capacityBytes))),
      ...(plan.changes.length === 0 ? [] : [t('Different from the original:')]),
      ...plan.changes.map(({ field, reason }) => t('• {0}: {1}', field, reason)),
      ...plan.warnings.map(warning => t('Warning: {0}', warning)),
    ],
    action: t('Restore'),
  };
}

/** The first lines, and how many more there are. */
export function shown(lines: readonly string[], count: number, t: Translate): readonly string[] {
  const first = lines.slice(0, shownItems);
  return count <= first.length ? first : [...first, t('… and {0} more', count - first.length)];
}

/** The price comes first: it is what a person has to agree to. */
export function remedyText({ vmName, rule, text, price, steps }: RemedyPlanDto, t: Translate): PlanText {
  return {
    question: t('{0} of {1}?', text, vmName),
    lines: [
      ...price.map(line => t('Price: {0}', sentence({ message: line }))),
      t('Steps: {0}', steps.map(step => stepLabel(step, t)).join(', ')),
      ...(rule === trackingReset ? [] : [t('For rule {0}', rule)]),
    ],
    action: t('Apply'),
  };
}

function stepLabel(step: RemedyPlanDto['steps'][number], t: Translate): string {
  switch (step) {
    case 'shut-down-guest':
      return t('shut the guest down');
    case 'reconfigure':
      return t('change the settings of the VM');
    case 'consolidate':
      return t('consolidate the disks');
    case 'snapshot-and-remove':
      return t('take a snapshot and remove it');
    case 'power-on':
      return t('power on');
    default:
      return never(step);
  }
}
