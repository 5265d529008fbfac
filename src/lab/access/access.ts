import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isManagedSubtype } from '../../core/vsphere/schema/schema.ts';
import { LabTask } from '../model/labTask.ts';
import { LabVm } from '../model/labVm.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import { Snapshot } from '../model/snapshot.ts';
import { noPermission } from '../soap/vimFault.ts';
import type { Roles } from './roles.ts';

/** A role that somebody has on an object and, if it propagates, on what is below. */
export interface Permission {
  readonly user: string;
  readonly entity: MoRef;
  readonly roleId: number;
  readonly propagate: boolean;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * Who may do what. The permission nearest to an object counts, as on a vCenter: on the object itself, else on its parent.
 * A VM has two parents, its folder and its resource pool, and what either gives counts.
 */
export class Access {
  readonly roles: Roles;
  readonly #registry: ObjectRegistry;
  readonly #rootFolder: MoRef;
  /** By user, then by id of the object. */
  readonly #permissions = new Map<string, Map<string, Permission>>();

  constructor(registry: ObjectRegistry, roles: Roles, rootFolder: MoRef) {
    this.roles = roles;
    this.#registry = registry;
    this.#rootFolder = rootFolder;
  }

  permit(permission: Permission): void {
    this.roles.get(permission.roleId);
    const user = permission.user.toLowerCase();
    const held = this.#permissions.get(user) ?? new Map<string, Permission>();
    held.set(permission.entity.value, permission);
    this.#permissions.set(user, held);
    // What somebody may see is different now.
    this.#registry.changed();
  }

  /**
   * By the names of account and role, with everything below the object.
   * @throws INVALID_INPUT for a role that does not exist
   */
  permitRole(user: string, roleName: string, entity: MoRef): void {
    const role = this.roles.named(roleName);
    if (role === undefined)
      throw new AppError('INVALID_INPUT', `there is no role ${roleName}`, { object: roleName });
    this.permit({ user, entity, roleId: role.id, propagate: true });
  }

  permissionsOn(entity: MoRef): readonly Permission[] {
    return [...this.#permissions.values()].flatMap(held => held.get(entity.value) ?? []);
  }

  /** From the object up to the root folder, nearest first. */
  ancestry(ref: MoRef): readonly MoRef[] {
    const chain: MoRef[] = [];
    for (let at: MoRef | undefined = ref; at !== undefined; at = this.#parents(at)[0]) chain.push(at);
    return chain;
  }

  /** Of things that are no part of the inventory, the privileges on the root folder. */
  privilegesOn(user: string, ref: MoRef): ReadonlySet<string> {
    const held = this.#permissions.get(user.toLowerCase());
    if (held === undefined) return nothing;
    const atRoot = held.get(this.#rootFolder.value);
    // The usual case, and a view of thousands of VMs asks for each of them.
    if (held.size === 1 && atRoot?.propagate === true) return this.roles.get(atRoot.roleId).privileges;
    return this.#nearest(held, this.#entityOf(ref) ?? this.#rootFolder, true);
  }

  /** What one may see, and the way down to it. */
  sees(user: string, ref: MoRef): boolean {
    const entity = this.#entityOf(ref);
    if (entity === undefined || this.privilegesOn(user, entity).has('System.View')) return true;
    const held = [...(this.#permissions.get(user.toLowerCase())?.values() ?? [])];
    return held.some(
      ({ entity: below, roleId }) =>
        this.roles.get(roleId).privileges.has('System.View') && this.#isAbove(entity, below),
    );
  }

  /** @throws VimFault NoPermission naming the object and the privilege */
  require(user: string, ref: MoRef, privilege: string): void {
    const entity = this.#entityOf(ref) ?? this.#rootFolder;
    if (!this.privilegesOn(user, entity).has(privilege)) throw noPermission(entity, privilege);
  }

  #nearest(held: ReadonlyMap<string, Permission>, ref: MoRef, isItself: boolean): ReadonlySet<string> {
    const own = held.get(ref.value);
    if (own !== undefined && (isItself || own.propagate)) return this.roles.get(own.roleId).privileges;
    const parents = this.#parents(ref).map(parent => this.#nearest(held, parent, false));
    const [only] = parents;
    if (parents.length === 1 && only !== undefined) return only;
    return new Set(parents.flatMap(privileges => [...privileges]));
  }

  #isAbove(ref: MoRef, below: MoRef): boolean {
    return this.#parents(below).some(parent => parent.value === ref.value || this.#isAbove(ref, parent));
  }

  #parents(ref: MoRef): readonly MoRef[] {
    const object = this.#registry.find(ref);
    if (object === undefined) return [];
    if (object instanceof LabVm) return [object.home.folder, object.home.resourcePool];
    const parent = object.property('parent') as MoRef | undefined;
    return parent === undefined ? [] : [parent];
  }

  /** The part of the inventory that an object belongs to. */
  #entityOf(ref: MoRef): MoRef | undefined {
    const object: ManagedObject | undefined = this.#registry.find(ref);
    if (object instanceof Snapshot) return object.facts.vm;
    if (object instanceof LabTask) return object.entity;
    return isManagedSubtype(ref.type, 'ManagedEntity') ? ref : undefined;
  }
}
