import { assert } from '../../../base/assert.ts';
import type { Field, OperationRow, TypeRow } from './parseTable.ts';
import { vimVersions } from './vimVersions.ts';

/** Something of the table, with the version of the API it came with; without one, every server has it. */
export interface Since {
  readonly since?: string;
}

/** Whether a server that speaks the version has it. */
export function isKnownTo(version: string, { since }: Since): boolean {
  return since === undefined || compareVersions(since, version) <= 0;
}

/** Negative if `left` is the older one; missing parts count as zero. */
export function compareVersions(left: string, right: string): number {
  const [leftParts, rightParts] = [left, right].map(version => version.split('.').map(Number));
  for (let part = 0; part < 4; part += 1) {
    const difference = (leftParts?.[part] ?? 0) - (rightParts?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The rows, each with the version it came with, and its fields with theirs. */
export function typesWithVersions(rows: readonly TypeRow[]): TypeRow[] {
  return rows.map(row => {
    const since = newcomers.get(row.name);
    const ownFields = row.ownFields.map(field => withSince(field, `${row.name} ${field.name}`, since));
    return { ...row, ownFields, ...(since !== undefined && { since }) };
  });
}

export function operationsWithVersions(rows: readonly OperationRow[]): OperationRow[] {
  return rows.map(row => {
    const since = newcomers.get(row.name);
    const parameters = row.parameters.map(field => withSince(field, `${row.name} ${field.name}`, since));
    return withSince({ ...row, parameters }, row.name, undefined);
  });
}

function withSince<Row extends Field | OperationRow>(
  row: Row,
  key: string,
  atLeast: string | undefined,
): Row {
  const since = newcomers.get(key) ?? atLeast;
  return since === undefined ? row : { ...row, since };
}

/** By name of a type or an operation, or by one of them and a field of it. */
const newcomers = parseVersions(vimVersions);

function parseVersions(table: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let version = '';
  for (const line of table.replaceAll(/,\n {4,}/g, ', ').split('\n')) {
    if (line === '') continue;
    if (!line.startsWith(' ')) {
      version = line;
      continue;
    }
    const [, owner = '', names = ''] = /^ {2}(\w+) (.+)$/.exec(line) ?? [];
    assert(names !== '', `"${line}" is no line of the table of versions`);
    const isWhole = owner === 'types' || owner === 'operations';
    for (const name of names.split(', ')) found.set(isWhole ? name : `${owner} ${name}`, version);
  }
  return found;
}
