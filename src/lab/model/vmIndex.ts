import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { LabVm } from './labVm.ts';
import type { ObjectRegistry } from './objectRegistry.ts';

/** Which VMs are in each folder, host, pool, vApp, datastore and network; worked out once after every change. */
export class VmIndex {
  readonly #registry: ObjectRegistry;
  #places: ReadonlyMap<string, MoRef[]> = new Map();
  #changeCount = -1;

  constructor(registry: ObjectRegistry) {
    this.#registry = registry;
  }

  at(place: MoRef): readonly MoRef[] {
    if (this.#changeCount !== this.#registry.changeCount) {
      this.#places = this.#build();
      this.#changeCount = this.#registry.changeCount;
    }
    return this.#places.get(place.value) ?? [];
  }

  #build(): Map<string, MoRef[]> {
    const places = new Map<string, MoRef[]>();
    for (const vm of this.#registry.instancesOf(LabVm)) {
      const { host, resourcePool, datastore } = vm.home;
      const folder = vm.vApp === undefined ? [vm.home.folder] : [];
      const disks = vm.disks.flatMap(disk => disk.datastore ?? []);
      const all = [...folder, host, resourcePool, datastore, ...disks, ...vm.networks()];
      for (const value of new Set(all.map(place => place.value))) {
        const there = places.get(value);
        if (there === undefined) places.set(value, [vm.ref]);
        else there.push(vm.ref);
      }
    }
    return places;
  }
}
