import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { PointSummaryDto } from '../../protocol/point.ts';
import type { StandingDto } from '../../protocol/recovery.ts';
import type { VCenterDto } from '../../protocol/vcenter.ts';
import type { VmDetailsDto, VmDto, VmRef, VmSnapshotDto, VmTagDto } from '../../protocol/vm.ts';
import { reachedIcon, reachedText, shortConsistencyLabel } from './consistency.ts';
import { serverLines } from './capabilityText.ts';
import { type Failure, sentence } from './errorText.ts';
import { type GuardedNode, guardedView, type GuardianNode, guardianView } from './guardianModel.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { predictionLines, predictionRowText } from './prediction.ts';
import { standingLines, standingText } from './standingText.ts';
import { formatAge, formatMoment, formatShortMoment } from './time.ts';
import { kindLabel, vmIcon, vmKinds } from './vmKind.ts';

/** The newest restore point of a VM over all repositories. */
export interface NewestPoint {
  readonly repository: string;
  readonly point: PointSummaryDto;
}

export interface VCenterNode {
  readonly kind: 'vcenter';
  readonly name: string;
  readonly url: string;
  /** Once it is open. */
  readonly server?: VCenterDto;
  /** Why it is not open. */
  readonly problem?: Failure;
}

/** What VMs are grouped by: a place of the inventory, or a tag in its category. */
export interface VmFolderNode {
  readonly kind: 'folder';
  readonly what: 'folder' | 'vApp' | 'host' | 'datastore' | 'category' | 'tag' | 'untagged';
  readonly vcenter: string;
  readonly path: string;
  readonly name: string;
  readonly children: readonly (VmFolderNode | VmNode)[];
}

export interface VmNode {
  readonly kind: 'vm';
  readonly vcenter: string;
  readonly vm: VmDto;
  /** Tells the rows of a VM apart where it is in several groups; missing where it is in one. */
  readonly group?: string;
  readonly newest: NewestPoint | undefined;
  /** Against its goal; missing without one. */
  readonly standing?: StandingDto;
}

export interface NewestPointNode extends NewestPoint {
  readonly kind: 'newestPoint';
  /** Id of the VM's row. */
  readonly parentId: string;
}

export interface SnapshotNode {
  readonly kind: 'snapshot';
  readonly parentId: string;
  readonly snapshot: VmSnapshotDto;
}

/** A remedy for a VM, as a page asks for it. */
export interface WantedRemedy {
  readonly kind: 'remedy';
  readonly vm: VmRef;
  readonly rule: string;
}

/** What there is to say where no rows are. */
export interface VmRemarkNode {
  readonly kind: 'remark';
  readonly parentId: string;
  readonly text: string;
}

export type VmTreeNode =
  | VCenterNode
  | GuardianNode
  | GuardedNode
  | VmFolderNode
  | VmNode
  | NewestPointNode
  | SnapshotNode
  | VmRemarkNode;

export function vmRef({ vcenter, vm }: VmNode): VmRef {
  return { vcenter, id: vm.id, name: vm.name };
}

/** What a VM's row opens to: its newest restore point and the snapshots it carries. */
export function vmChildren(node: VmNode, details: VmDetailsDto): readonly VmTreeNode[] {
  const parentId = vmRowId(node);
  const newest: readonly VmTreeNode[] =
    node.newest === undefined ? [] : [{ kind: 'newestPoint', parentId, ...node.newest }];
  return [
    ...newest,
    ...details.snapshots.map(snapshot => ({ kind: 'snapshot', parentId, snapshot }) as const),
  ];
}

export function vmTreeView(node: VmTreeNode, now: Date, t: Translate): NodeView {
  switch (node.kind) {
    case 'vcenter':
      return {
        id: `vcenter/${node.name}`,
        label: node.name,
        ...(node.problem !== undefined && { description: t('not connected') }),
        tooltip: [
          node.url,
          ...(node.server === undefined ? [] : serverLines(node.server, t)),
          ...(node.problem === undefined ? [] : [sentence(node.problem)]),
        ],
        icon: { name: 'server-environment' },
        contextValue: 'vcenter',
        children: 'expanded',
      };
    case 'guardian':
      return guardianView(node, t);
    case 'guarded':
      return guardedView(node, t);
    case 'folder':
      return folderView(node, t);
    case 'vm':
      return vmView(node, now, t);
    case 'newestPoint':
      return {
        id: `${node.parentId}/newest`,
        label: t('Newest restore point'),
        description: `${formatMoment(node.point.takenAt)} · ${reachedText(node.point, t)}`,
        tooltip: [t('In repository {0}', node.repository)],
        icon: reachedIcon(node.point),
        contextValue: 'newestPoint',
        children: 'none',
      };
    case 'snapshot':
      return snapshotView(node, t);
    case 'remark':
      return {
        id: `${node.parentId}/remark`,
        label: node.text,
        tooltip: [node.text],
        icon: { name: 'info' },
        contextValue: 'remark',
        children: 'none',
      };
    default:
      return never(node);
  }
}

function vmRowId({ vcenter, vm, group }: VmNode): string {
  return `vm/${vcenter}/${vm.id}${group === undefined ? '' : `@${group}`}`;
}

const folderIcons = {
  folder: 'folder',
  vApp: 'layers',
  host: 'server',
  datastore: 'database',
  category: 'symbol-enum',
  tag: 'tag',
  untagged: 'circle-slash',
} as const satisfies Readonly<Record<VmFolderNode['what'], string>>;

function folderView({ what, vcenter, path, name }: VmFolderNode, t: Translate): NodeView {
  return {
    id: `folder/${vcenter}${path}`,
    label: what === 'untagged' ? t('Without a tag') : name,
    ...(what === 'vApp' && { description: t('vApp') }),
    icon: { name: folderIcons[what] },
    contextValue: 'folder',
    children: 'expanded',
  };
}

function vmView(node: VmNode, now: Date, t: Translate): NodeView {
  const { vm, newest, standing } = node;
  const state = powerText(vm, t);
  const kinds = vmKinds(vm).map(kind => kindLabel(kind, t));
  const protection =
    newest === undefined
      ? t('no restore point')
      : t(
          'proven {0} · {1}',
          shortConsistencyLabel(newest.point.proven, t),
          formatAge(newest.point.takenAt, now, t),
        );
  const size = t('{0} disks, {1}', vm.diskCount, formatBytes(vm.capacityBytes));
  return {
    id: vmRowId(node),
    label: vm.name,
    description: [
      ...(vm.asOf === undefined ? [] : [t('as of {0}, not confirmed', formatShortMoment(vm.asOf, now))]),
      ...kinds,
      predictionRowText(vm.predicted, t),
      ...(kinds.length > 0 || saysState(vm) ? [] : [state]),
      protection,
      ...(standing === undefined ? [] : [standingText(standing, t)]),
    ].join(' — '),
    tooltip: [
      `${vm.name} (${vm.id})`,
      ...(vm.asOf === undefined
        ? []
        : [t('As it was at {0}; the server has not confirmed it since', formatMoment(vm.asOf))]),
      [...kinds, state, size].join(', '),
      ...(vm.vAppName === undefined ? [] : [t('In the vApp {0}', vm.vAppName)]),
      ...(vm.tags.length === 0 ? [] : [t('Tags: {0}', vm.tags.map(tagText).join(', '))]),
      ...(vm.guestName === undefined ? [] : [t('Guest: {0}', vm.guestName)]),
      ...(standing === undefined ? [] : standingLines(standing, t)),
      ...predictionLines(vm.predicted, t),
      vm.hasSnapshots ? t('Has snapshots') : t('No snapshots'),
      newest === undefined
        ? t('No restore point in an open repository')
        : t('Newest restore point: {0}, {1}', formatMoment(newest.point.takenAt), protection),
    ],
    icon: vmIcon(vm, standing),
    contextValue: `vm;power=${vm.powerState};protected=${newest === undefined ? 'no' : 'yes'}`,
    children: vm.hasSnapshots || newest !== undefined ? 'collapsed' : 'none',
  };
}

/** Whether the row needs no word on the power state: a VM that runs, or one whose strongest limit is its state. */
function saysState({ powerState, connectionState, predicted }: VmDto): boolean {
  if (powerState === 'poweredOn' && connectionState === 'connected') return true;
  return /^(PWR|CON)-/.test(predicted.limits[0]?.rule ?? predicted.base.rule);
}

function powerText(vm: VmDto, t: Translate): string {
  const texts: Readonly<Record<string, string>> = {
    poweredOn: t('powered on'),
    poweredOff: t('powered off'),
    suspended: t('suspended'),
  };
  return texts[vm.powerState] ?? t('power state unknown');
}

function tagText({ category, name }: VmTagDto): string {
  return `${category}: ${name}`;
}

function snapshotView({ snapshot, parentId }: SnapshotNode, t: Translate): NodeView {
  return {
    id: `${parentId}/snapshot/${snapshot.id}`,
    label: snapshot.name,
    description: [
      formatMoment(snapshot.createdAt),
      snapshot.isQuiesced ? t('quiesced') : t('not quiesced'),
      ...(snapshot.isOurs ? [t('of a running backup')] : []),
    ].join(' · '),
    ...(snapshot.description !== '' && { tooltip: [snapshot.description] }),
    icon: { name: 'device-camera' },
    contextValue: 'snapshot',
    children: 'none',
  };
}
