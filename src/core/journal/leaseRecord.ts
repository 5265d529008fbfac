import { CorruptDataError } from '../../base/errors.ts';
import type { Lease } from './leaseJournal.ts';

/** Version of the JSON text of a journalled lease; a reader refuses any other. */
const recordVersion = 1;

const requiredFields: Readonly<Record<Lease['kind'], readonly string[]>> = {
  snapshot: ['vcenterId', 'vm', 'vmName', 'token'],
  'nfc-lease': ['vcenterId', 'vmName', 'purpose'],
  'imported-vm': ['vcenterId', 'vmName', 'token'],
  'repository-lock': ['repositoryId', 'location'],
};

export interface StoredLease {
  readonly recordedAt: Date;
  readonly lease: Lease;
}

export function encodeStoredLease({ recordedAt, lease }: StoredLease): string {
  return `${JSON.stringify({ version: recordVersion, recordedAt: recordedAt.toISOString(), lease }, undefined, 2)}\n`;
}

/** @throws CorruptDataError naming `path` and the field, for anything this version did not write */
export function decodeStoredLease(text: string, path: string): StoredLease {
  const stored = parseObject(text, path);
  if (stored['version'] !== recordVersion) {
    throw new CorruptDataError(
      `${path} is a lease record of version ${String(stored['version'])}, this program reads ${recordVersion}`,
      {
        object: path,
        remedy: 'Use the version of Quiesce that wrote it',
      },
    );
  }
  const lease = stored['lease'];
  const recordedAt = new Date(String(stored['recordedAt']));
  if (!isLease(lease) || Number.isNaN(recordedAt.getTime())) {
    throw new CorruptDataError(`${path} is not a complete lease record`, {
      object: path,
      remedy: 'Look for leftovers in the vCenter by hand, then remove the file',
    });
  }
  return { recordedAt, lease };
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new CorruptDataError(`${path} is not valid JSON`, { object: path, cause });
  }
  throw new CorruptDataError(`${path} does not hold an object`, { object: path });
}

function isLease(value: unknown): value is Lease {
  if (!isObject(value) || typeof value['kind'] !== 'string' || !Object.hasOwn(requiredFields, value['kind']))
    return false;
  return requiredFields[value['kind'] as Lease['kind']].every(field => typeof value[field] === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
