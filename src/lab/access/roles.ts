import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { dependentPrivileges } from './dependentPrivileges.ts';
import { methodPrivileges } from './methodPrivileges.ts';

/** A set of privileges under a name. */
export interface Role {
  readonly id: number;
  readonly name: string;
  readonly label: string;
  readonly isSystem: boolean;
  readonly privileges: ReadonlySet<string>;
}

/** What every role has without being asked. */
const systemPrivileges = ['System.Anonymous', 'System.View', 'System.Read'];

/** Privileges that nothing in the lab asks for, so that roles of the field can be made in it. */
const otherPrivileges = [
  'Authorization.ModifyPermissions',
  'Datastore.Browse',
  'Datastore.Config',
  'Datastore.Delete',
  'Datastore.DeleteFile',
  'Datastore.FileManagement',
  'Global.CancelTask',
  'Global.DisableMethods',
  'Global.EnableMethods',
  'Global.Licenses',
  'InventoryService.Tagging.AttachTag',
  'InventoryService.Tagging.CreateTag',
  'Sessions.TerminateSession',
  'VirtualMachine.Config.ChangeTracking',
  'VirtualMachine.Config.DiskLease',
  'VirtualMachine.Provisioning.DiskRandomAccess',
  'VirtualMachine.Provisioning.GetVmFiles',
  'VirtualMachine.Provisioning.PutVmFiles',
];

/** All privileges the lab knows, by name. */
export const knownPrivileges: ReadonlySet<string> = new Set(
  [
    ...systemPrivileges,
    ...otherPrivileges,
    ...dependentPrivileges,
    ...Object.values(methodPrivileges).flatMap(needs => Object.values(needs)),
  ].toSorted(),
);

/** The roles of the server: its own, and those that were made. */
export class Roles {
  readonly #roles = new Map<number, Role>();
  #nextId = 1001;

  constructor() {
    for (const role of systemRoles()) this.#roles.set(role.id, role);
  }

  all(): readonly Role[] {
    return [...this.#roles.values()];
  }

  /** @throws VimFault NotFound */
  get(id: number): Role {
    const role = this.#roles.get(id);
    if (role === undefined) throw notFound();
    return role;
  }

  named(name: string): Role | undefined {
    return this.all().find(role => role.name === name);
  }

  /** @throws VimFault AlreadyExists; InvalidArgument for a privilege that does not exist */
  add(name: string, privileges: readonly string[]): Role {
    this.#assertFree(name, undefined);
    const role = newRole(this.#nextId, name, privileges);
    this.#nextId += 1;
    this.#roles.set(role.id, role);
    return role;
  }

  /** @throws VimFault NotFound, also for a role of the server's own; else as `add` */
  change(id: number, name: string, privileges: readonly string[]): Role {
    if (this.get(id).isSystem) throw notFound();
    this.#assertFree(name, id);
    const role = newRole(id, name, privileges);
    this.#roles.set(id, role);
    return role;
  }

  #assertFree(name: string, except: number | undefined): void {
    const other = this.named(name);
    if (other === undefined || other.id === except) return;
    throw new VimFault('AlreadyExists', 'The specified key, name, or identifier already exists.', { name });
  }
}

function newRole(id: number, name: string, privileges: readonly string[]): Role {
  if (!privileges.every(privilege => knownPrivileges.has(privilege))) throw invalidArgument('privIds');
  return {
    ...{ id, name, label: name, isSystem: false },
    privileges: new Set([...systemPrivileges, ...privileges]),
  };
}

function systemRoles(): readonly Role[] {
  const role = (id: number, name: string, label: string, privileges: Iterable<string>): Role => ({
    ...{ id, name, label, isSystem: true },
    privileges: new Set(privileges),
  });
  return [
    role(-5, 'NoAccess', 'No access', []),
    role(-2, 'ReadOnly', 'Read-only', systemPrivileges),
    role(-1, 'Admin', 'Administrator', knownPrivileges),
  ];
}

function notFound(): VimFault {
  return new VimFault('NotFound', 'The object or item referred to could not be found.');
}
