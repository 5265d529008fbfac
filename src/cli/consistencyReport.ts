import type { Assessment, Remark } from '../core/consistency/assess.ts';
import { consistencyLevels } from '../core/consistency/level.ts';
import { type Source, sources } from '../core/consistency/sources.ts';
import { limitingReason } from './describeAssessment.ts';

export interface AssessedVm {
  readonly name: string;
  readonly id: string;
  readonly inventoryPath: string;
  readonly predicted: Assessment;
}

/** How a VM stands against its goal, in words. */
export interface GoalRow {
  readonly name: string;
  readonly goal: string;
  readonly state: 'met' | 'accepted' | 'gap';
  /** Empty where nothing is. */
  readonly missing: string;
}

/** A page for whoever is to change something: how many VMs reach what, and what would raise them, the most useful first. */
export function consistencyReport(
  server: string,
  madeAt: Date,
  vms: readonly AssessedVm[],
  goals: readonly GoalRow[],
): string {
  return [
    `# Consistency of the VMs of ${cell(server)}`,
    `Predicted at ${madeAt.toISOString()} for a backup of each VM; nothing of it is proven.`,
    markdownTable(
      ['level', 'VMs now', 'with all limits remedied'],
      consistencyLevels
        .toReversed()
        .map(level => [
          level,
          String(vms.filter(({ predicted }) => predicted.level === level).length),
          String(vms.filter(({ predicted }) => predicted.levelAfterAllFixes === level).length),
        ]),
    ),
    ...goalSection(goals),
    '## What would help',
    remediesTable(vms),
    '## VMs',
    markdownTable(
      ['VM', 'predicted', 'certainty', 'why not more', 'in the snapshot', 'rules', 'path'],
      vms.map(({ name, inventoryPath, predicted }) => [
        ...[name, predicted.level, predicted.certainty, limitingReason(predicted) ?? '–', predicted.coverage],
        [predicted.base.rule, ...predicted.limits.map(({ rule }) => rule)].join(' '),
        inventoryPath,
      ]),
    ),
  ].join('\n\n');
}

/** Gaps first: whoever reads the page in the morning looks at its beginning. */
function goalSection(goals: readonly GoalRow[]): readonly string[] {
  if (goals.length === 0) return [];
  const order = ['gap', 'accepted', 'met'];
  return [
    '## Goals',
    'Against what is proven of the newest restore points at this moment.',
    markdownTable(
      ['VM', 'goal', 'state', 'what is missing'],
      goals
        .toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))
        .map(({ name, goal, state, missing }) => [name, goal, state, missing === '' ? '–' : missing]),
    ),
  ];
}

function remediesTable(vms: readonly AssessedVm[]): string {
  const byRule = new Map<string, { readonly limit: Remark; readonly names: string[]; raised: number }>();
  for (const { name, predicted } of vms) {
    for (const limit of predicted.limits) {
      const row = byRule.get(limit.rule) ?? { limit, names: [], raised: 0 };
      byRule.set(limit.rule, row);
      row.names.push(name);
      if (limit.levelAfterFix !== predicted.level) row.raised += 1;
    }
  }
  if (byRule.size === 0) return 'No VM is limited by anything that could be changed.';
  return markdownTable(
    ['rule', 'what to do', 'VMs', 'of them raised by that alone', 'which', 'source'],
    [...byRule.values()]
      .toSorted((one, other) => other.raised - one.raised || other.names.length - one.names.length)
      .map(({ limit, names, raised }) => [
        ...[limit.rule, limit.remedy ?? '–', String(names.length), String(raised), names.join(', ')],
        linkTo(sources[limit.source]),
      ]),
  );
}

function linkTo({ title, url }: Source): string {
  return url === undefined ? title : `[${title}](${url})`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Names are the users': a bar or a line break in one must not break the table. */
function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll('|', '\\|');
}
