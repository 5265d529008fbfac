import { LabVm } from '../model/labVm.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import { pick } from '../model/generatedInventory.ts';
import type { LabTag, TagCategory, TagStore } from './tagStore.ts';

const environments = ['Production', 'Test', 'Development'] as const;
const plans = ['Daily', 'Weekly'] as const;

type TagName = (typeof environments)[number] | (typeof plans)[number];

/** Of the lab's own VMs by name. */
const ownTags: Readonly<Record<string, readonly TagName[]>> = {
  web01: ['Production', 'Daily'],
  db01: ['Production', 'Daily'],
  build01: ['Development', 'Weekly'],
  archive01: [],
};

/** Makes two categories and puts their tags on the VMs; every fourth of the generated ones has none. */
export function attachStandardTags(tags: TagStore, registry: ObjectRegistry): void {
  const known = new Map<TagName, LabTag>([
    ...tagsIn(tags, 'Environment', 'SINGLE', environments),
    ...tagsIn(tags, 'Backup plan', 'MULTIPLE', plans),
  ]);
  for (const [number, vm] of [...registry.instancesOf(LabVm)].entries()) {
    for (const name of ownTags[vm.name] ?? generatedTags(number)) {
      const tag = known.get(name);
      if (tag !== undefined) tags.attach(tag, vm.ref);
    }
  }
}

function tagsIn<Name extends TagName>(
  tags: TagStore,
  category: string,
  cardinality: TagCategory['cardinality'],
  names: readonly Name[],
): readonly (readonly [Name, LabTag])[] {
  const added = tags.addCategory({
    ...{ name: category, description: '', cardinality },
    associableTypes: ['VirtualMachine'],
  });
  return names.flatMap(name => {
    const tag = tags.addTag({ name, description: '', categoryId: added?.id ?? '' });
    return tag === undefined ? [] : [[name, tag] as const];
  });
}

function generatedTags(number: number): readonly TagName[] {
  if (number % 4 === 0) return [];
  return [pick(environments, number), ...(number % 3 === 0 ? [pick(plans, number >> 1)] : [])];
}
