import { assess, type Assessment, type Remark } from '../../consistency/assess.ts';
import { consistencyLevels } from '../../consistency/level.ts';
import { limitingReason } from '../../consistency/limitingReason.ts';
import { type Source, sources } from '../../consistency/sources.ts';
import type { StandingOfVm } from '../recovery/standings.ts';
import { goalText, type ReportedVm, standingText, standingValue } from './standingWords.ts';

export interface AssessedVm {
  readonly name: string;
  readonly id: string;
  readonly inventoryPath: string;
  readonly predicted: Assessment;
}

/** What there is to say of all VMs of a server: what is predicted of each, and how they stand against their goals. */
export interface ConsistencyReport {
  readonly server: string;
  readonly madeAt: Date;
  /** When the server has last confirmed what is said, where that is not now. */
  readonly asOf?: Date | undefined;
  readonly vms: readonly AssessedVm[];
  /** Of VMs that have a goal. */
  readonly standings: readonly StandingOfVm<ReportedVm>[];
}

/** Looks into the guest of no VM: everything comes from the server. */
export function assessedVm({ ref, name, inventoryPath, facts }: ReportedVm): AssessedVm {
  return { ...{ name, id: ref.value, inventoryPath }, predicted: assess(facts) };
}

/** For programs: plain JSON. */
export function reportValue({ server, madeAt, asOf, vms, standings }: ConsistencyReport): unknown {
  return {
    ...{ server, madeAt: madeAt.toISOString(), asOf: asOf?.toISOString(), vms },
    goals: standings.map(standingValue),
    sources: sourcesOf(vms),
  };
}

/** The sources that the statements about these VMs name. */
export function sourcesOf(vms: readonly AssessedVm[]): Readonly<Record<string, Source>> {
  const ids = vms.flatMap(({ predicted: { base, limits, remarks, notes } }) =>
    [base, ...limits, ...remarks, ...notes].map(({ source }) => source),
  );
  return Object.fromEntries([...new Set(ids)].map(id => [id, sources[id]]));
}

/** A page for whoever is to change something: how many VMs reach what, and what would raise them, the most useful first. */
export function reportMarkdown({ server, madeAt, asOf, vms, standings }: ConsistencyReport): string {
  return [
    `# Consistency of the VMs of ${plain(server)}`,
    `Predicted at ${madeAt.toISOString()} for a backup of each VM; nothing of it is proven.`,
    ...(asOf === undefined
      ? []
      : [`As it was at ${asOf.toISOString()}: the server has not confirmed all of it since.`]),
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
    ...goalSection(standings),
    '## What would help',
    remediesTable(vms),
    '## VMs',
    markdownTable(
      ['VM', 'predicted', 'certainty', 'why not more', 'in the snapshot', 'rules', 'path'],
      vms.map(({ name, inventoryPath, predicted }) => [
        ...[plain(name), predicted.level, predicted.certainty],
        ...[plain(limitingReason(predicted) ?? '–'), predicted.coverage],
        [predicted.base.rule, ...predicted.limits.map(({ rule }) => rule)].join(' '),
        plain(inventoryPath),
      ]),
    ),
  ].join('\n\n');
}

/** Gaps first: whoever reads the page in the morning looks at its beginning. */
function goalSection(standings: ConsistencyReport['standings']): readonly string[] {
  if (standings.length === 0) return [];
  const order = ['gap', 'accepted', 'met'];
  return [
    '## Goals',
    'Against what is proven of the newest restore points at this moment.',
    markdownTable(
      ['VM', 'goal', 'state', 'what is missing'],
      standings
        .toSorted((one, other) => order.indexOf(one.standing.state) - order.indexOf(other.standing.state))
        .map(found => {
          const missing = standingText(found);
          const { vm, record, standing } = found;
          return [
            plain(vm.name),
            goalText(record.goal),
            standing.state,
            missing === '' ? '–' : plain(missing),
          ];
        }),
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
        ...[limit.rule, plain(limit.remedy ?? '–'), String(names.length), String(raised)],
        plain(names.join(', ')),
        linkTo(sources[limit.source]),
      ]),
  );
}

function linkTo({ title, url }: Source): string {
  return url === undefined ? plain(title) : `[${plain(title)}](${url})`;
}

/** @param rows  cells are Markdown */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Text that stays text: names are the users', and none of them may break a table, become a link or HTML, or turn the
 * direction of writing. What marks nothing inside a line stays as it is, for the page is read in terminals too.
 */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
    .trim()
    .replaceAll(/[\\`*_[\]<>|#&~$]/g, '\\$&');
}
