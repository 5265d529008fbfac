import { AppError } from '../../base/errors.ts';
import type {
  ForgetPlanDto,
  ForgetRulesDto,
  ForgottenOfVmDto,
  KeyDto,
  UnlockResult,
} from '../../protocol/maintenance.ts';
import type { Confirmation } from '../ui/ui.ts';
import { sentence } from './errorText.ts';
import { markdownTable, markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';
import { formatMoment } from './time.ts';

/** More lines than that nobody reads, and no dialog has room for. */
const maxVms = 12;

/** `3 14 8 12 0`. @throws INVALID_INPUT for what is no such line, and for rules that would keep nothing */
export function parseForgetRules(text: string, t: Translate): ForgetRulesDto {
  const words = text.trim().split(/[\s,]+/);
  const [last = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0] = words.map(Number);
  const rules = { last, daily, weekly, monthly, yearly };
  const isMeant = words.length === 5 && words.every(word => /^\d{1,5}$/.test(word));
  if (isMeant && Object.values(rules).some(count => count > 0)) return rules;
  throw new AppError(
    'INVALID_INPUT',
    t('five whole numbers are needed, of which at least one is more than 0'),
  );
}

/** What will be gone, VM by VM. */
export function forgetText({ vms, problems }: ForgetPlanDto, t: Translate): Confirmation {
  const losing = vms.filter(({ forgotten }) => forgotten.length > 0);
  const count = losing.reduce((sum, { forgotten }) => sum + forgotten.length, 0);
  return {
    question: t('Forget {0} restore points?', count),
    lines: [
      ...losing.slice(0, maxVms).map(vm => lineOf(vm, t)),
      ...(losing.length > maxVms ? [t('… and of {0} more VMs', losing.length - maxVms)] : []),
      ...problems.map(problem => t('Cannot be read, and stays: {0}', sentence(problem))),
      t('They cannot be brought back. Prune gives their space back.'),
    ],
    action: t('Forget'),
  };
}

/** Who made a key where and when, and what is special about it. */
export function keyText(
  { username, hostname, createdAt, isRecoveryKit, isCurrent }: KeyDto,
  t: Translate,
): string {
  const made = createdAt === undefined ? '' : formatMoment(createdAt);
  return [
    `${username}@${hostname}`,
    ...(made === '' ? [] : [made]),
    ...(isRecoveryKit ? [t('recovery kit')] : []),
    ...(isCurrent ? [t('in use here')] : []),
  ].join(', ');
}

/** All keys, as a page. */
export function keysMarkdown(repository: string, keys: readonly KeyDto[], t: Translate): string {
  const rows = keys.map(key => [markdownText(shortKey(key.id)), markdownText(keyText(key, t))]);
  return `# ${markdownText(t('Passwords of {0}', repository))}\n\n${markdownTable([t('Key'), t('Made by')], rows)}\n`;
}

/** As the command line shows it. */
export function shortKey(id: string): string {
  return id.slice(0, 10);
}

/** What unlocking has come to. */
export function lockText({ removedCount, held }: UnlockResult, t: Translate): string {
  const removed = t('{0} locks of holders that are gone were removed', removedCount);
  if (held.length === 0) return removed;
  const holders = held.map(({ username, hostname, pid, time }) =>
    t('{0}@{1} (process {2}) since {3}', username, hostname, pid, formatMoment(time)),
  );
  return t('{0}; {1} stay: {2}', removed, held.length, holders.join(', '));
}

function lineOf({ vmName, keptCount, forgotten }: ForgottenOfVmDto, t: Translate): string {
  const [newest, oldest] = [forgotten[0], forgotten.at(-1)];
  if (newest === undefined || oldest === undefined) return '';
  return forgotten.length === 1
    ? t('{0}: 1 of {1}, of {2}', vmName, keptCount + 1, formatMoment(newest.takenAt))
    : t(
        '{0}: {1} of {2}, from {3} to {4}',
        ...[vmName, forgotten.length, keptCount + forgotten.length],
        ...[formatMoment(oldest.takenAt), formatMoment(newest.takenAt)],
      );
}
