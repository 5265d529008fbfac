import type { StandingDto } from '../../protocol/recovery.ts';
import type { VmDto } from '../../protocol/vm.ts';
import type { NewestPoint, VmFolderNode, VmNode } from './vmTreeModel.ts';

export const groupings = ['hosts', 'folders', 'datastores', 'tags'] as const;

/** What the parents of VMs are in the tree. */
export type Grouping = (typeof groupings)[number];

/** A group on the way to a VM. */
interface Step {
  readonly what: VmFolderNode['what'];
  readonly name: string;
}

interface Placed {
  readonly steps: readonly Step[];
  readonly node: VmNode;
}

/**
 * Groups first, then VMs, each by name; what has no tag comes last. The folders `vm` and `host` that every datacenter has
 * say nothing and are left out. A VM whose host may not be seen lies directly below the server. A VM with several tags, or
 * on several datastores, is in each of these groups.
 */
export function arrangeVms(
  vcenter: string,
  vms: readonly VmDto[],
  newestByVm: ReadonlyMap<string, NewestPoint>,
  grouping: Grouping,
  standings: ReadonlyMap<string, StandingDto> = new Map(),
): readonly (VmFolderNode | VmNode)[] {
  const placed = vms.flatMap((vm): readonly Placed[] => {
    const node = vmNode(vcenter, vm, newestByVm, standings.get(vm.id));
    const ways = waysTo(vm, grouping);
    if (grouping === 'folders' || grouping === 'hosts') return ways.map(steps => ({ steps, node }));
    return ways.map(steps => ({ steps, node: { ...node, group: pathOf(steps) } }));
  });
  return arrangeLevel(vcenter, '', placed);
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

function waysTo(vm: VmDto, grouping: Grouping): readonly (readonly Step[])[] {
  switch (grouping) {
    case 'folders':
      return [folderSteps(vm)];
    case 'hosts':
      return [hostSteps(vm)];
    case 'datastores':
      return vm.datastores.length === 0
        ? [datacenterSteps(vm)]
        : vm.datastores.map(name => [...datacenterSteps(vm), { what: 'datastore', name }]);
    case 'tags':
      return vm.tags.length === 0
        ? [[{ what: 'untagged', name: '' }]]
        : vm.tags.map(({ category, name }) => [
            { what: 'category', name: category },
            { what: 'tag', name },
          ]);
  }
}

/** `/DC/vm/Production/web01` → `DC`, `Production`. */
function folderSteps({ inventoryPath, vAppName }: VmDto): readonly Step[] {
  const parts = inventoryPath.split('/').slice(1, -1);
  const names = parts.filter((part, index) => !(index === 1 && part === 'vm'));
  return names.map((name, index) => ({
    what: index === names.length - 1 && name === vAppName ? 'vApp' : 'folder',
    name,
  }));
}

/** `/DC/host/Cluster/esx01/web01` → `DC`, `Cluster`, `esx01`; a host outside clusters is its own one. */
function hostSteps({ computePath = '' }: VmDto): readonly Step[] {
  const parts = computePath.split('/').slice(1, -1);
  const names = parts.filter((part, index) => !(index === 1 && part === 'host') && part !== parts[index - 1]);
  return names.map((name, index) => ({ what: index === names.length - 1 ? 'host' : 'folder', name }));
}

/** Names of datastores are unique within a datacenter. */
function datacenterSteps({ inventoryPath }: VmDto): readonly Step[] {
  const [, datacenter, ...rest] = inventoryPath.split('/');
  return datacenter === undefined || rest.length === 0 ? [] : [{ what: 'folder', name: datacenter }];
}

function pathOf(steps: readonly Step[]): string {
  return steps.map(({ name }) => `/${name}`).join('');
}

function arrangeLevel(
  vcenter: string,
  path: string,
  placed: readonly Placed[],
): readonly (VmFolderNode | VmNode)[] {
  const here: VmNode[] = [];
  const below = new Map<string, { readonly step: Step; readonly members: Placed[] }>();
  for (const {
    steps: [step, ...inner],
    node,
  } of placed) {
    if (step === undefined) {
      here.push(node);
      continue;
    }
    // What has no tag is no tag of that name.
    const key = `${step.what === 'untagged' ? '' : '/'}${step.name}`;
    const group = below.get(key) ?? { step, members: [] };
    below.set(key, group);
    group.members.push({ steps: inner, node });
  }
  const folders = [...below].map(([key, { step, members }]): VmFolderNode => {
    const folderPath = `${path}${key}`;
    const children = arrangeLevel(vcenter, folderPath, members);
    return { kind: 'folder', ...step, vcenter, path: folderPath, children };
  });
  return [
    ...folders.toSorted(byName),
    ...here.toSorted((one, other) => one.vm.name.localeCompare(other.vm.name)),
  ];
}

function byName(one: VmFolderNode, other: VmFolderNode): number {
  return (
    Number(one.what === 'untagged') - Number(other.what === 'untagged') || one.name.localeCompare(other.name)
  );
}
