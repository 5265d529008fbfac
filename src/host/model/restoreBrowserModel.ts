import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type {
  FileSystemDto,
  GuestDiskDto,
  GuestListResult,
  GuestNodeDto,
  GuestNodeKind,
  VolumeDto,
} from '../../protocol/guest.ts';
import type { BackupSetDto, LeftOutDiskDto, PointSummaryDto } from '../../protocol/point.ts';
import type {
  BackupSetView,
  DiskView,
  EntryView,
  FolderPageView,
  NoticeView,
  PointView,
  VolumeView,
} from '../../protocol/webview/restoreBrowser.ts';
import { isWeaker, reachedText } from './consistency.ts';
import type { Translate } from './nodeView.ts';
import { modeText } from './pointTreeModel.ts';
import { formatAge, formatMoment } from './time.ts';
import { isLocked } from './volumeLock.ts';

export function backupSetView(set: BackupSetDto, now: Date, t: Translate): BackupSetView {
  const { vmInstanceUuid, vmName, points } = set;
  return { vmInstanceUuid, vmName, points: points.map(point => pointView(point, now, t)) };
}

function pointView(point: PointSummaryDto, now: Date, t: Translate): PointView {
  const { id, takenAt, proven, requested } = point;
  return {
    id,
    takenAt,
    moment: formatMoment(takenAt),
    age: formatAge(takenAt, now, t),
    ...(proven !== undefined && { level: proven }),
    levelText: reachedText(point, t),
    ...(proven !== undefined &&
      requested !== undefined &&
      isWeaker(proven, requested) && { isBelowRequest: true }),
  };
}

export function diskView(disk: GuestDiskDto, t: Translate): DiskView {
  const { deviceKey, label, capacityBytes, scheme, volumes, problems } = disk;
  const size = formatBytes(capacityBytes);
  return {
    deviceKey,
    label,
    description: scheme === 'none' ? size : t('{0}, {1}', size, scheme.toUpperCase()),
    volumes: volumes.map(volume => volumeView(volume, t)),
    problems,
  };
}

function volumeView(volume: VolumeDto, t: Translate): VolumeView {
  const { volumeIndex, name, content, sizeBytes } = volume;
  return {
    volumeIndex,
    name: name === '' ? t('Volume {0}', volumeIndex) : name,
    description: t('{0}, {1}', content?.title ?? t('content not recognized'), formatBytes(sizeBytes)),
    isBrowsable: content !== undefined && !isPartOfOthers(volume),
    ...(isLocked(volume) && { isLocked: true }),
  };
}

/** Its files are found in the volumes that are made of it. */
function isPartOfOthers({ content }: VolumeDto): boolean {
  return content?.kind === 'member' || content?.kind === 'lvm2';
}

/** A disk that is not in the restore point is missed here first. */
export function leftOutNotices(disks: readonly LeftOutDiskDto[], t: Translate): readonly NoticeView[] {
  return disks.map(({ label, reason }) => ({
    severity: 'warning',
    text: t('{0} is not in this restore point: {1}', label, reason),
  }));
}

/** @param offset  of the page's first entry among all */
export function folderPageView(page: GuestListResult, offset: number, t: Translate): FolderPageView {
  const { fileSystem, entries, unreadable, totalCount, problems } = page;
  const readable = entries.map(node => entryView(node, t));
  const filled: EntryView[] = [];
  const problemsByPlace = new Map(unreadable.map(entry => [entry.position, entry]));
  for (let position = offset; filled.length < entries.length + unreadable.length; position += 1) {
    const damaged = problemsByPlace.get(position);
    const next = damaged === undefined ? readable.shift() : unreadableView(damaged, t);
    if (next === undefined) break;
    filled.push(next);
  }
  return {
    notices: [
      ...fileSystemNotices(fileSystem, t),
      ...problems.map((text): NoticeView => ({ severity: 'warning', text })),
    ],
    entries: filled,
    totalCount,
  };
}

function fileSystemNotices({ kind, journal, problems }: FileSystemDto, t: Translate): readonly NoticeView[] {
  return [
    ...(journal === 'replayed'
      ? [
          {
            severity: 'info' as const,
            text: t(
              'Changes waited in the journal of this {0} file system. They are taken into account here; the restore point itself is as it was.',
              kind,
            ),
          },
        ]
      : []),
    ...problems.map((text): NoticeView => ({ severity: 'warning', text })),
  ];
}

function entryView(node: GuestNodeDto, t: Translate): EntryView {
  return {
    name: node.name,
    kind: node.kind,
    kindText: kindText(node.kind, t),
    size: node.kind === 'file' ? formatBytes(node.sizeBytes) : '',
    modified: formatMoment(node.modifiedAt),
    mode: modeText(node),
    owner: `${node.uid}:${node.gid}`,
    ...(node.linkTarget !== undefined && { linkTarget: node.linkTarget }),
  };
}

function unreadableView(
  { name, kind, problem }: { readonly name: string; readonly kind: GuestNodeKind; readonly problem: string },
  t: Translate,
): EntryView {
  const nothing = { size: '', modified: '', mode: '', owner: '' };
  return { name, kind, kindText: kindText(kind, t), ...nothing, problem };
}

export function kindText(kind: GuestNodeKind, t: Translate): string {
  switch (kind) {
    case 'file':
      return t('file');
    case 'directory':
      return t('folder');
    case 'symlink':
      return t('symbolic link');
    case 'block-device':
      return t('block device');
    case 'character-device':
      return t('character device');
    case 'fifo':
      return t('named pipe');
    case 'socket':
      return t('socket');
    default:
      return never(kind);
  }
}
