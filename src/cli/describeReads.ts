import { formatBytes } from '../base/units.ts';
import type { Manifest, ManifestDisk, PassedOver, TransportKind } from '../core/catalog/manifest.ts';
import { fullReasons } from '../core/changes/fullReason.ts';

/** How each disk of a restore point was read, one line for each. */
export function describeReads({ disks }: Pick<Manifest, 'disks'>): readonly string[] {
  return disks.map(disk => `  ${disk.label}: ${readText(disk)}`);
}

function readText({ transport }: ManifestDisk): string {
  const { readMode, fullReason, fullDetail, audit, kind, passedOver } = transport;
  const how =
    readMode === 'changed-areas'
      ? 'incremental'
      : fullReason === undefined
        ? 'full'
        : `full, because ${fullReasons[fullReason]}`;
  const detail = fullDetail === undefined ? '' : ` (${fullDetail})`;
  const checked =
    audit === undefined
      ? ''
      : `; ${audit.chunks} unchanged chunks compared, ${audit.mismatches === 0 ? 'all as stored' : `${audit.mismatches} were not`}`;
  return `${how}${detail}; ${sizes(transport)}${ways[kind]}${describePassedOver(passedOver)}${checked}`;
}

const ways: Readonly<Record<TransportKind, string>> = {
  'nfc-lease': '',
  'datastore-files': ' by ranges of its file',
  nbd: ' through an NBD program',
  'hot-add': ' as a disk of this machine',
};

function describePassedOver(passedOver: readonly PassedOver[] = []): string {
  return passedOver.map(({ kind, reason }) => `, not by ${kind}: ${reason}`).join('');
}

function sizes({ readBytes, changedBytes, storedBytes, receivedBytes }: ManifestDisk['transport']): string {
  return [
    ...(changedBytes === undefined ? [] : [`${formatBytes(changedBytes)} changed`]),
    ...(readBytes === undefined ? [] : [`${formatBytes(readBytes)} read`]),
    `${formatBytes(receivedBytes)} received`,
    `${formatBytes(storedBytes)} stored`,
  ].join(', ');
}
