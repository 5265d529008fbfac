import type { Snapshot, SnapshotId } from '../snapshot.ts';
import { goJson, goTimeText } from './goJson.ts';
import { JsonFields } from './jsonFields.ts';

/** @see restic design document, "Snapshots" */
export function encodeSnapshot(snapshot: Snapshot): string {
  return goJson({
    time: goTimeText(snapshot.time, 'snapshot'),
    parent: snapshot.parent,
    tree: snapshot.tree,
    paths: snapshot.paths,
    hostname: snapshot.hostname,
    username: snapshot.username,
    tags: snapshot.tags.length === 0 ? undefined : snapshot.tags,
    program_version: snapshot.programVersion,
  });
}

/** @throws CorruptDataError */
export function parseSnapshot(json: Uint8Array, what: string): Snapshot {
  const fields = JsonFields.parse(json, what);
  const time = fields.string('time');
  if (Number.isNaN(Date.parse(time))) throw fields.error('time', 'a time');
  const parent = fields.optionalId('parent');
  const programVersion = fields.optionalString('program_version');
  return {
    time,
    ...(parent === undefined ? {} : { parent: parent as string as SnapshotId }),
    tree: fields.id('tree'),
    paths: fields.strings('paths'),
    hostname: fields.optionalString('hostname') ?? '',
    username: fields.optionalString('username') ?? '',
    tags: fields.strings('tags'),
    ...(programVersion === undefined ? {} : { programVersion }),
  };
}
