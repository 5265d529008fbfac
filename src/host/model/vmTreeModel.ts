import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { PointSummaryDto } from '../../protocol/point.ts';
import type { StandingDto } from '../../protocol/recovery.ts';
import type { VmDetailsDto, VmDto, VmRef, VmSnapshotDto } from '../../protocol/vm.ts';
import { reachedIcon, reachedText, shortConsistencyLabel } from './consistency.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { predictionIcon, predictionLines, predictionRowText } from './prediction.ts';
import { standingIcon, standingLines, standingText } from './standingText.ts';
import { formatAge, formatMoment, formatShortMoment } from './time.ts';

/** What the parents of VMs are in the tree: their folders, or the clusters and hosts that run them. */
export type Grouping = 'folders' | 'hosts';

/** The newest restore point of a VM over all repositories. */
export interface NewestPoint {
  readonly repository: string;
  readonly point: PointSummaryDto;
}

export interface VCenterNode {
  readonly kind: 'vcenter';
  readonly name: string;
  readonly url: string;
}

/** A datacenter, folder, cluster or host of the inventory. */
export interface VmFolderNode {
  readonly kind: 'folder';
  readonly vcenter: string;
  readonly path: string;
  readonly name: string;
  readonly isHost: boolean;
  readonly children: readonly (VmFolderNode | VmNode)[];
}

export interface VmNode {
  readonly kind: 'vm';
  readonly vcenter: string;
  readonly vm: VmDto;
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

export type VmTreeNode = VCenterNode | VmFolderNode | VmNode | NewestPointNode | SnapshotNode | VmRemarkNode;

/**
 * Folders first, then VMs, each by name. The folders `vm` and `host` that every datacenter has say nothing and are left
 * out. A VM whose host may not be seen lies directly below the server.
 */
export function arrangeVms(
  vcenter: string,
  vms: readonly VmDto[],
  newestByVm: ReadonlyMap<string, NewestPoint>,
  grouping: Grouping,
  standings: ReadonlyMap<string, StandingDto> = new Map(),
): readonly (VmFolderNode | VmNode)[] {
  const nodes = vms.map(vm => ({
    folders: grouping === 'hosts' ? hostsOf(vm.computePath ?? '') : foldersOf(vm.inventoryPath),
    node: vmNode(vcenter, vm, newestByVm, standings.get(vm.id)),
  }));
  return arrangeLevel(vcenter, '', nodes, grouping);
}

function vmNode(
  vcenter: string,
  vm: VmDto,
  newestByVm: ReadonlyMap<string, NewestPoint>,
  standing: StandingDto | undefined,
): VmNode {
  const newest = newestByVm.get(vm.instanceUuid ?? '');
  return { kind: 'vm', vcenter, vm, newest, ...(standing !== undefined && { standing }) };
}

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
        tooltip: [node.url],
        icon: { name: 'server-environment' },
        contextValue: 'vcenter',
        children: 'expanded',
      };
    case 'folder':
      return {
        id: `folder/${node.vcenter}${node.path}`,
        label: node.name,
        icon: { name: node.isHost ? 'server' : 'folder' },
        contextValue: 'folder',
        children: 'expanded',
      };
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

interface Placed {
  readonly folders: readonly string[];
  readonly node: VmNode;
}

function arrangeLevel(
  vcenter: string,
  path: string,
  placed: readonly Placed[],
  grouping: Grouping,
): readonly (VmFolderNode | VmNode)[] {
  const here: VmNode[] = [];
  const below = new Map<string, Placed[]>();
  for (const {
    folders: [name, ...inner],
    node,
  } of placed) {
    const members = below.get(name ?? '') ?? [];
    if (name === undefined) here.push(node);
    else below.set(name, members);
    members.push({ folders: inner, node });
  }
  const folders = [...below].map(([name, members]): VmFolderNode => {
    const folderPath = `${path}/${name}`;
    return {
      kind: 'folder',
      vcenter,
      path: folderPath,
      name,
      isHost: grouping === 'hosts' && members.every(member => member.folders.length === 0),
      children: arrangeLevel(vcenter, folderPath, members, grouping),
    };
  });
  return [
    ...folders.toSorted((one, other) => one.name.localeCompare(other.name)),
    ...here.toSorted((one, other) => one.vm.name.localeCompare(other.vm.name)),
  ];
}

/** `/DC/vm/Production/web01` → `DC`, `Production`. */
function foldersOf(inventoryPath: string): readonly string[] {
  const parts = inventoryPath.split('/').slice(1, -1);
  return parts.filter((part, index) => !(index === 1 && part === 'vm'));
}

/** `/DC/host/Cluster/esx01/web01` → `DC`, `Cluster`, `esx01`; a host outside clusters is its own one. */
function hostsOf(computePath: string): readonly string[] {
  const parts = computePath.split('/').slice(1, -1);
  return parts.filter((part, index) => !(index === 1 && part === 'host') && part !== parts[index - 1]);
}

function vmRowId({ vcenter, vm }: VmNode): string {
  return `vm/${vcenter}/${vm.id}`;
}

function vmView(node: VmNode, now: Date, t: Translate): NodeView {
  const { vm, newest, standing } = node;
  const state = powerText(vm, t);
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
      predictionRowText(vm.predicted, t),
      ...(saysState(vm) ? [] : [state]),
      protection,
      ...(standing === undefined ? [] : [standingText(standing, t)]),
    ].join(' — '),
    tooltip: [
      `${vm.name} (${vm.id})`,
      ...(vm.asOf === undefined
        ? []
        : [t('As it was at {0}; the server has not confirmed it since', formatMoment(vm.asOf))]),
      `${state}, ${size}`,
      ...(vm.guestName === undefined ? [] : [t('Guest: {0}', vm.guestName)]),
      ...(standing === undefined ? [] : standingLines(standing, t)),
      ...predictionLines(vm.predicted, t),
      vm.hasSnapshots ? t('Has snapshots') : t('No snapshots'),
      newest === undefined
        ? t('No restore point in an open repository')
        : t('Newest restore point: {0}, {1}', formatMoment(newest.point.takenAt), protection),
    ],
    icon: standing === undefined ? predictionIcon(vm.predicted) : standingIcon(standing),
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
  if (vm.connectionState !== 'connected') return t('cannot be used: {0}', vm.connectionState);
  if (vm.isTemplate) return t('template');
  const texts: Readonly<Record<string, string>> = {
    poweredOn: t('powered on'),
    poweredOff: t('powered off'),
    suspended: t('suspended'),
  };
  return texts[vm.powerState] ?? t('power state unknown');
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
