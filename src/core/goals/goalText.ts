import { JsonReader } from '../../base/jsonReader.ts';
import { consistencyLevels } from '../consistency/level.ts';
import { type GapKind, gapKinds, type RecoveryGoal } from '../consistency/recovery/goal.ts';
import type { AcceptanceRecord, GoalRecord, GoalScope } from './recoveryGoals.ts';

/** What one file holds. */
export type StoredRecord =
  | { readonly kind: 'goal'; readonly record: GoalRecord }
  | { readonly kind: 'acceptance'; readonly record: AcceptanceRecord };

const storedVersion = 1;

export function encodeRecord({ kind, record }: StoredRecord): string {
  return `${JSON.stringify({ version: storedVersion, kind, ...record }, undefined, 2)}\n`;
}

/**
 * @param document  the file, for errors
 * @throws CorruptDataError naming the field that is wrong
 */
export function decodeRecord(text: string, document: string): StoredRecord {
  const reader = JsonReader.parse(text, document);
  reader.integer('version', { min: storedVersion, max: storedVersion });
  return reader.oneOf('kind', ['goal', 'acceptance']) === 'goal'
    ? { kind: 'goal', record: goalRecord(reader) }
    : { kind: 'acceptance', record: acceptanceRecord(reader) };
}

function goalRecord(reader: JsonReader): GoalRecord {
  return {
    scope: goalScope(reader.object('scope')),
    name: reader.string('name'),
    goal: recoveryGoal(reader.object('goal')),
    setBy: reader.string('setBy'),
    setAt: reader.date('setAt'),
  };
}

function goalScope(reader: JsonReader): GoalScope {
  const serverInstanceUuid = reader.string('serverInstanceUuid');
  const kind = reader.oneOf('kind', ['vm', 'folder', 'compute', 'tag', 'group']);
  switch (kind) {
    case 'vm':
      return { kind, serverInstanceUuid, vmInstanceUuid: reader.string('vmInstanceUuid') };
    case 'folder':
    case 'compute':
      return { kind, serverInstanceUuid, path: reader.string('path') };
    case 'tag':
      return {
        ...{ kind, serverInstanceUuid },
        ...{ category: reader.string('category'), tag: reader.string('tag') },
      };
    case 'group':
      return {
        ...{ kind, serverInstanceUuid },
        ...{ group: reader.string('group'), vmInstanceUuids: reader.strings('vmInstanceUuids') },
      };
  }
}

function recoveryGoal(reader: JsonReader): RecoveryGoal {
  return {
    minimumLevel: reader.oneOf('minimumLevel', consistencyLevels),
    maxAgeMs: reader.has('maxAgeMs') ? reader.count('maxAgeMs') : undefined,
    maxRecoveryMs: reader.has('maxRecoveryMs') ? reader.count('maxRecoveryMs') : undefined,
  };
}

function acceptanceRecord(reader: JsonReader): AcceptanceRecord {
  return {
    serverInstanceUuid: reader.string('serverInstanceUuid'),
    vmInstanceUuid: reader.string('vmInstanceUuid'),
    vmName: reader.string('vmName'),
    by: reader.string('by'),
    at: reader.date('at'),
    reason: reader.string('reason'),
    until: reader.date('until'),
    gaps: gapsIn(reader),
    level: reader.has('level') ? reader.oneOf('level', consistencyLevels) : undefined,
  };
}

function gapsIn(reader: JsonReader): readonly GapKind[] {
  return reader
    .strings('gaps')
    .map(text => gapKinds.find(kind => kind === text) ?? reader.wrong('gaps', 'a list of gaps'));
}
