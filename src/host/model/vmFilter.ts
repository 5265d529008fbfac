import type { ConsistencyLevelDto } from '../../protocol/point.ts';
import type { VmDto } from '../../protocol/vm.ts';
import type { Translate } from './nodeView.ts';
import { type VmKind, vmKinds } from './vmKind.ts';

/** Which VMs are shown: those that match all of it. */
export interface VmFilter {
  /** As it was written. */
  readonly text: string;
  /** Each is in the name, whatever its case. */
  readonly words: readonly string[];
  /** Each is in a tag's `category/name`. */
  readonly tags: readonly string[];
  /** One of them is predicted; none: any. */
  readonly levels: readonly ConsistencyLevelDto[];
  /** Each holds. */
  readonly kinds: readonly FilterKind[];
}

const levels = ['none', 'crash', 'filesystem', 'application'] as const satisfies ConsistencyLevelDto[];

const kindNames = {
  on: 'on',
  off: 'off',
  vapp: 'vapp',
  template: 'template',
  'linked-clone': 'linkedClone',
  orphaned: 'orphaned',
  inaccessible: 'inaccessible',
  disconnected: 'disconnected',
} as const satisfies Readonly<Record<string, VmKind | 'on' | 'off' | 'vapp'>>;

type FilterKind = (typeof kindNames)[keyof typeof kindNames];

/** A word, or `@key:value`, where the value may be in quotes. */
const termPattern = /@(\w+):(?:"([^"]*)"?|(\S*))|(\S+)/g;

/** The filter that a text means, or what is wrong with it. */
export function parseVmFilter(text: string, t: Translate): VmFilter | { readonly problem: string } {
  const words: string[] = [];
  const tags: string[] = [];
  const wanted: ConsistencyLevelDto[] = [];
  const kinds: FilterKind[] = [];
  for (const [term, key, quoted, plain, word] of text.matchAll(termPattern)) {
    const value = (quoted ?? plain ?? '').toLowerCase();
    const level = levels.find(known => known === value);
    if (word !== undefined && !word.startsWith('@')) words.push(word.toLowerCase());
    else if (key === 'tag' && value !== '') tags.push(value);
    else if (key === 'level' && level !== undefined) wanted.push(level);
    else if (key === 'level') return { problem: t('A level is one of {0}', levels.join(', ')) };
    else if (key === 'is' && isKind(value)) kinds.push(kindNames[value]);
    else if (key === 'is') return { problem: t('A VM is one of {0}', Object.keys(kindNames).join(', ')) };
    else return { problem: t('{0} is not known: use @tag:, @level: or @is:', term) };
  }
  return { text: text.trim(), words, tags, levels: wanted, kinds };
}

export function matchesFilter(vm: VmDto, { words, tags, levels: wanted, kinds }: VmFilter): boolean {
  const name = vm.name.toLowerCase();
  const tagTexts = vm.tags.map(tag => `${tag.category}/${tag.name}`.toLowerCase());
  return (
    words.every(word => name.includes(word)) &&
    tags.every(tag => tagTexts.some(text => text.includes(tag))) &&
    (wanted.length === 0 || wanted.includes(vm.predicted.level)) &&
    kinds.every(kind => isOfKind(vm, kind))
  );
}

function isOfKind(vm: VmDto, kind: FilterKind): boolean {
  if (kind === 'on') return vm.powerState === 'poweredOn';
  if (kind === 'off') return vm.powerState === 'poweredOff';
  if (kind === 'vapp') return vm.vAppName !== undefined;
  return vmKinds(vm).includes(kind);
}

function isKind(value: string): value is keyof typeof kindNames {
  return Object.hasOwn(kindNames, value);
}
