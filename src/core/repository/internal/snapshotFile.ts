import { JsonReader } from '../../../base/jsonReader.ts';
import type { Snapshot, SnapshotId } from '../snapshot.ts';
import { readId, stringsOrNone } from './formatFields.ts';
import { goJson, goTimeText } from './goJson.ts';

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
    original: snapshot.original,
    program_version: snapshot.programVersion,
  });
}

/** @throws CorruptDataError */
export function parseSnapshot(text: Uint8Array, what: string): Snapshot {
  const json = JsonReader.parse(text, what);
  json.date('time');
  return {
    time: json.string('time'),
    ...(json.has('parent') && { parent: readId(json, 'parent') as string as SnapshotId }),
    tree: readId(json, 'tree'),
    paths: stringsOrNone(json, 'paths'),
    hostname: json.optionalString('hostname') ?? '',
    username: json.optionalString('username') ?? '',
    tags: stringsOrNone(json, 'tags'),
    ...(json.has('original') && { original: readId(json, 'original') as string as SnapshotId }),
    ...(json.has('program_version') && { programVersion: json.string('program_version') }),
  };
}
