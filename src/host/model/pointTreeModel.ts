import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { GuestDiskDto, GuestNodeDto, GuestPath, VolumeDto, VolumeRef } from '../../protocol/guest.ts';
import type { BackupSetDto, PointRef, PointSummaryDto } from '../../protocol/point.ts';
import { commandIds } from '../ids.ts';
import { consistencyLabel, provenText, reachedIcon, reachedText } from './consistency.ts';
import { readKindText } from './diskReadText.ts';
import { skewText } from './groupText.ts';
import { joinGuestPath } from './guestPath.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { formatAge, formatMoment } from './time.ts';
import { isLocked } from './volumeLock.ts';

export interface RepositoryNode {
  readonly kind: 'repository';
  readonly name: string;
  readonly location: string;
}

export interface BackupSetNode {
  readonly kind: 'set';
  readonly repository: string;
  readonly set: BackupSetDto;
}

export interface PointNode {
  readonly kind: 'point';
  readonly ref: PointRef;
  readonly point: PointSummaryDto;
}

export interface DiskNode {
  readonly kind: 'disk';
  readonly ref: PointRef;
  readonly vmName: string;
  readonly disk: GuestDiskDto;
}

export interface VolumeNode {
  readonly kind: 'volume';
  readonly ref: VolumeRef;
  readonly vmName: string;
  readonly volume: VolumeDto;
}

/** A file, folder or anything else in a guest's file system. */
export interface GuestNode {
  readonly kind: 'guest';
  readonly at: GuestPath;
  readonly vmName: string;
  readonly node: GuestNodeDto;
}

/** Something a person should know in the place where it matters. */
export interface RemarkNode {
  readonly kind: 'remark';
  readonly parentId: string;
  readonly text: string;
  readonly severity: 'info' | 'warning';
}

/** Files and folders of one volume that were selected together. */
export interface GuestSelection {
  readonly paths: readonly GuestPath[];
}

export type PointTreeNode =
  RepositoryNode | BackupSetNode | PointNode | DiskNode | VolumeNode | GuestNode | RemarkNode;

export function pointNodes({ repository, set }: BackupSetNode): readonly PointNode[] {
  return set.points.map(point => ({ kind: 'point', ref: { repository, point: point.id }, point }));
}

export function diskNodes({ ref, point }: PointNode, disks: readonly GuestDiskDto[]): readonly DiskNode[] {
  return disks.map(disk => ({ kind: 'disk', ref, vmName: point.vmName, disk }));
}

/** Volumes in the order of the disk, then what is wrong with its partition table. */
export function volumeNodes(node: DiskNode): readonly PointTreeNode[] {
  const { ref, vmName, disk } = node;
  const { deviceKey } = disk;
  return [
    ...disk.volumes.map((volume): VolumeNode => ({
      kind: 'volume',
      ref: { ...ref, deviceKey, volumeIndex: volume.volumeIndex },
      vmName,
      volume,
    })),
    ...remarks(pointTreeId(node), disk.problems, 'warning'),
  ];
}

/** Folders first, then the rest, each by name. */
export function guestNodes(
  folder: GuestPath,
  vmName: string,
  entries: readonly GuestNodeDto[],
): readonly GuestNode[] {
  const rank = ({ kind }: GuestNodeDto) => (kind === 'directory' ? 0 : 1);
  return entries
    .toSorted((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name))
    .map(node => ({
      kind: 'guest',
      at: { ...folder, path: joinGuestPath(folder.path, node.name) },
      vmName,
      node,
    }));
}

export function remarks(
  parentId: string,
  texts: readonly string[],
  severity: RemarkNode['severity'],
): readonly RemarkNode[] {
  return texts.map(text => ({ kind: 'remark', parentId, text, severity }));
}

export function pointTreeId(node: PointTreeNode): string {
  switch (node.kind) {
    case 'repository':
      return `repository/${node.name}`;
    case 'set':
      return `set/${node.repository}/${node.set.vmInstanceUuid}`;
    case 'point':
      return pointId(node.ref);
    case 'disk':
      return `${pointId(node.ref)}/${node.disk.deviceKey}`;
    case 'volume':
      return volumeId(node.ref);
    case 'guest':
      return `${volumeId(node.at)}${node.at.path}`;
    case 'remark':
      return `${node.parentId}#${node.text}`;
    default:
      return never(node);
  }
}

export function pointTreeView(node: PointTreeNode, now: Date, t: Translate): NodeView {
  const id = pointTreeId(node);
  switch (node.kind) {
    case 'repository':
      return {
        id,
        label: node.name,
        description: node.location,
        tooltip: [node.location],
        icon: { name: 'archive' },
        contextValue: 'repository',
        children: 'expanded',
      };
    case 'set':
      return setView(id, node, now, t);
    case 'point':
      return {
        id,
        label: formatMoment(node.point.takenAt),
        description: [
          reachedText(node.point, t),
          ...(node.point.group === undefined ? [] : [skewText(node.point.group.skewMs, t)]),
        ].join(' · '),
        tooltip: [
          t('{0}, {1}', node.point.vmName, formatAge(node.point.takenAt, now, t)),
          ...(node.point.requested === undefined
            ? []
            : [t('Asked for: {0}', consistencyLabel(node.point.requested, t))]),
          t('Proven: {0}', provenText(node.point.proven, node.point.claimed, t)),
          ...(node.point.read === undefined ? [] : [t('Read: {0}', readKindText(node.point.read, t))]),
          t('Restore point {0}', node.point.id.slice(0, 8)),
        ],
        icon: reachedIcon(node.point),
        contextValue: 'point',
        children: 'collapsed',
      };
    case 'disk':
      return {
        id,
        label: node.disk.label,
        description: formatBytes(node.disk.capacityBytes),
        tooltip: [t('Disk {0}, partition table: {1}', node.disk.deviceKey, node.disk.scheme)],
        icon: { name: 'database' },
        contextValue: 'disk',
        children: 'collapsed',
      };
    case 'volume':
      return volumeView(id, node, t);
    case 'guest':
      return guestView(id, node, t);
    case 'remark':
      return {
        id,
        label: node.text,
        tooltip: [node.text],
        icon:
          node.severity === 'info' ? { name: 'info' } : { name: 'warning', color: 'list.warningForeground' },
        contextValue: 'remark',
        children: 'none',
      };
    default:
      return never(node);
  }
}

function pointId({ repository, point }: PointRef): string {
  return `point/${repository}/${point}`;
}

function volumeId(ref: VolumeRef): string {
  return `${pointId(ref)}/${ref.deviceKey}/${ref.volumeIndex}`;
}

function setView(id: string, { set }: BackupSetNode, now: Date, t: Translate): NodeView {
  const [newest] = set.points;
  const count = set.points.length === 1 ? t('1 restore point') : t('{0} restore points', set.points.length);
  return {
    id,
    label: set.vmName,
    description: newest === undefined ? count : `${count} · ${formatAge(newest.takenAt, now, t)}`,
    tooltip: [set.vmName, count],
    icon: { name: 'vm' },
    contextValue: 'set',
    children: 'collapsed',
  };
}

function volumeView(id: string, { volume }: VolumeNode, t: Translate): NodeView {
  const content = volume.content?.title ?? t('content not recognized');
  return {
    id,
    label: volume.name === '' ? t('Volume {0}', volume.volumeIndex) : volume.name,
    description: [content, formatBytes(volume.sizeBytes)].join(' · '),
    tooltip: [t('Volume {0} ({1}), begins at byte {2}', volume.volumeIndex, volume.role, volume.offsetBytes)],
    icon: { name: isLocked(volume) ? 'lock' : 'server' },
    contextValue: isLocked(volume) ? 'volume;locked' : 'volume',
    children: volume.content === undefined ? 'none' : 'collapsed',
  };
}

const guestIcons: Readonly<Record<GuestNodeDto['kind'], string>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'file-symlink-file',
  'block-device': 'circuit-board',
  'character-device': 'circuit-board',
  fifo: 'arrow-both',
  socket: 'plug',
};

function guestView(id: string, { node }: GuestNode, t: Translate): NodeView {
  const isOpenable = node.kind === 'file' || node.kind === 'symlink';
  return {
    id,
    label: node.name,
    ...(node.kind === 'file' && { description: formatBytes(node.sizeBytes) }),
    ...(node.linkTarget !== undefined && { description: `→ ${node.linkTarget}` }),
    tooltip: [
      node.name,
      `${modeText(node)} ${node.uid}:${node.gid}`,
      ...(node.kind === 'file' ? [formatBytes(node.sizeBytes)] : []),
      formatMoment(node.modifiedAt),
    ],
    icon: { name: guestIcons[node.kind] },
    contextValue: `guest;kind=${node.kind}`,
    children: node.kind === 'directory' ? 'collapsed' : 'none',
    ...(isOpenable && { command: { id: commandIds.openGuestFile, title: t('Open Guest File') } }),
  };
}

/** `rwxr-xr-x` */
export function modeText({ mode }: GuestNodeDto): string {
  const letters = Array.from('rwxrwxrwx', (letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  return letters.join('');
}
