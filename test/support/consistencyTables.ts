import { rules } from '../../src/core/consistency/assess.ts';
import { cellOf } from '../../src/core/consistency/matrix/guestMatrix.ts';
import { guestRows } from '../../src/core/consistency/matrix/guestRows.ts';
import {
  generationNames,
  hostGenerations,
  type MatrixCell,
} from '../../src/core/consistency/matrix/matrixCell.ts';
import { glossary } from '../../src/core/consistency/glossary.ts';
import { troubleEntries } from '../../src/core/consistency/troubleshooting/entries.ts';
import {
  granularities,
  recoveryCellId,
  recoveryColumns,
  recoveryTable,
} from '../../src/core/consistency/recovery/recoveryTable.ts';
import { proofRules } from '../../src/core/consistency/proof/proofRules.ts';
import { seedTable } from '../../src/core/consistency/matrix/seedTable.ts';
import { type Source, type SourceId, sources } from '../../src/core/consistency/sources.ts';

/** The generated half of docs/CONSISTENCY.md, as Markdown whose tables are not yet aligned. */
export function consistencyTables(): string {
  return [
    ...['## The talk’s table', seedSection()],
    ...['## The matrix', matrixSection()],
    ...['## The rules', rulesSection()],
    ...['## The evidence', evidenceSection()],
    ...['## What can be recovered', recoverySection()],
    ...['## Troubleshooting', troubleSection()],
    ...['## Glossary', glossarySection()],
    ...['## Sources', sourcesSection()],
  ].join('\n\n');
}

function seedSection(): string {
  return markdownTable(
    ['guest', ...seedTable.columns],
    Object.values(seedTable.rows).map(({ guests, cells }) => [
      guests.join(' · '),
      ...cells.map(({ component, quiescing }) =>
        component === undefined ? quiescing : `${component}: ${quiescing}`,
      ),
    ]),
  );
}

function matrixSection(): string {
  return markdownTable(
    ['guest', ...hostGenerations.map(generation => generationNames[generation])],
    guestRows.map(row => [
      row.name,
      ...hostGenerations.map(generation => {
        const cell = cellOf(row, generation);
        return `${cell.isNearest ? '_nearest:_ ' : ''}${describeCell(cell)}. \`${cell.id}\``;
      }),
    ]),
  );
}

function describeCell({
  level,
  mechanism,
  certainty,
  source,
  vendorLevel,
  isLegacy,
  conditions,
}: MatrixCell): string {
  return [
    mechanism === 'none' ? level : `${level} (${mechanism})`,
    ...(vendorLevel === undefined ? [] : [`vendor’s statement: ${vendorLevel}`]),
    ...(isLegacy === true ? ['legacy'] : []),
    ...(conditions.length === 0 ? [] : [`if not ${conditions.join(', ')}`]),
    ...[certainty, `source ${numberOf(source)}`],
  ].join('; ');
}

function rulesSection(): string {
  return markdownTable(
    ['rule', 'what it finds', 'level at most', 'remedy', 'certainty', 'source'],
    rules.map(({ id, text, cap, weight, remedy, certainty, source, doubtsAbove }) => [
      `\`${id}\``,
      text,
      cap ?? weight ?? (doubtsAbove === undefined ? 'remark' : `in doubt above ${doubtsAbove}`),
      ...[remedy ?? '–', certainty, String(numberOf(source))],
    ]),
  );
}

function evidenceSection(): string {
  return markdownTable(
    ['rule', 'what it finds', 'level', 'certainty', 'source'],
    proofRules.map(({ id, text, proves, limits, claims, certainty, source }) => [
      ...[`\`${id}\``, text],
      [
        ...(proves === undefined ? [] : [`at least ${proves}`]),
        ...(limits === undefined ? [] : [`at most ${limits}`]),
        ...(claims === undefined ? [] : [`claimed ${claims}`]),
      ].join(', ') || '–',
      ...[certainty, String(numberOf(source))],
    ]),
  );
}

function recoverySection(): string {
  return markdownTable(
    ['granularity', ...recoveryColumns],
    granularities.map(granularity => [
      granularity,
      ...recoveryColumns.map(column => {
        const cell = recoveryTable[granularity][column];
        return cell === undefined
          ? '–'
          : `${[cell.operation, ...cell.caveats].join('. ')}. \`${recoveryCellId(granularity, column)}\``;
      }),
    ]),
  );
}

function troubleSection(): string {
  return markdownTable(
    ['id', 'symptom', 'cause', 'remedy', 'source'],
    troubleEntries.map(({ id, symptom, cause, remedy, source }) => [
      ...[id, symptom, cause, remedy, String(numberOf(source))],
    ]),
  );
}

function glossarySection(): string {
  return markdownTable(
    ['word', 'meaning', 'source'],
    glossary.map(({ term, text, source }) => [term, text, String(numberOf(source))]),
  );
}

function sourcesSection(): string {
  return Object.values<Source>(sources)
    .map(({ title, url }, index) => `${index + 1}. ${title}${url === undefined ? '' : `: <${url}>`}`)
    .join('\n');
}

function numberOf(id: SourceId): number {
  return Object.keys(sources).indexOf(id) + 1;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
