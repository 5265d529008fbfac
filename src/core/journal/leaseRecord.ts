import { never } from '../../base/assert.ts';
import { CorruptDataError } from '../../base/errors.ts';
import { JsonReader } from '../../base/jsonReader.ts';
import type { Lease } from './leaseJournal.ts';

/** Version of the JSON text of a journalled lease; a reader refuses any other. */
const recordVersion = 1;

const leaseKinds = [
  'snapshot',
  'nfc-lease',
  'imported-vm',
  'hot-added-disk',
  'repository-lock',
  'guest-temporary-file',
] as const;

export interface StoredLease {
  readonly recordedAt: Date;
  readonly lease: Lease;
}

export function encodeStoredLease({ recordedAt, lease }: StoredLease): string {
  return `${JSON.stringify({ version: recordVersion, recordedAt: recordedAt.toISOString(), lease }, undefined, 2)}\n`;
}

/** @throws CorruptDataError naming `path` and the field, for anything this version did not write */
export function decodeStoredLease(text: string, path: string): StoredLease {
  const json = JsonReader.parse(text, path);
  const version = json.count('version');
  if (version !== recordVersion) {
    throw new CorruptDataError(
      `${path} is a lease record of version ${version}, this program reads ${recordVersion}`,
      { object: path, remedy: 'Use the version of Quiesce that wrote it' },
    );
  }
  return { recordedAt: json.date('recordedAt'), lease: readLease(json.object('lease')) };
}

function readLease(json: JsonReader): Lease {
  const kind = json.oneOf('kind', leaseKinds);
  switch (kind) {
    case 'snapshot':
      return {
        kind,
        vcenterId: json.string('vcenterId'),
        vm: json.string('vm'),
        vmName: json.string('vmName'),
        token: json.string('token'),
        ...(json.has('snapshot') && { snapshot: json.string('snapshot') }),
      };
    case 'nfc-lease':
      return {
        kind,
        vcenterId: json.string('vcenterId'),
        vmName: json.string('vmName'),
        purpose: json.oneOf('purpose', ['export', 'import']),
        ...(json.has('lease') && { lease: json.string('lease') }),
      };
    case 'imported-vm':
      return {
        kind,
        vcenterId: json.string('vcenterId'),
        vmName: json.string('vmName'),
        token: json.string('token'),
        ...(json.has('vm') && { vm: json.string('vm') }),
      };
    case 'hot-added-disk':
      return {
        kind,
        vcenterId: json.string('vcenterId'),
        vm: json.string('vm'),
        vmName: json.string('vmName'),
        fileName: json.string('fileName'),
      };
    case 'guest-temporary-file':
      return {
        kind,
        vcenterId: json.string('vcenterId'),
        vm: json.string('vm'),
        vmName: json.string('vmName'),
        user: json.string('user'),
        path: json.string('path'),
        ...(json.has('target') && { target: json.string('target') }),
        ...(json.has('aside') && { aside: json.string('aside') }),
      };
    case 'repository-lock':
      return {
        kind,
        repositoryId: json.string('repositoryId'),
        location: json.string('location'),
        ...(json.has('lockId') && { lockId: json.string('lockId') }),
      };
    default:
      return never(kind);
  }
}
