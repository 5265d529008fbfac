import { AppError } from '../../base/errors.ts';
import { decodeName } from './names.ts';
import { isAclName, parsePosixAcl, type PosixAclForm } from './posixAcl.ts';

/** What a file system keeps with a node beside its content and its stat. Nothing of it is restored: it is there to be seen. */
export interface NodeDetails {
  /** Content beside the file's own, as NTFS has it. `lookup` finds it by the path, a colon and the name. */
  readonly streams: readonly NodeStream[];
  /** Owner, group, rights and auditing of Windows, as SDDL; undefined where the file system has no such thing. */
  readonly securityDescriptor: string | undefined;
  /** Entries of POSIX as getfacl tells them, `user:1000:rw-`; empty where the mode says all. */
  readonly acl: readonly string[];
  /** The same, of a folder, for what is made in it. */
  readonly defaultAcl: readonly string[];
  /** Extended attributes, without those that hold the entries above. */
  readonly attributes: readonly NodeAttribute[];
  /** What could not be read of all this. */
  readonly problems: readonly string[];
}

export interface NodeStream {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface NodeAttribute {
  /** With its name space, as the guest calls it: `user.comment`. */
  readonly name: string;
  readonly sizeBytes: number;
}

export const noDetails: NodeDetails = {
  streams: [],
  securityDescriptor: undefined,
  acl: [],
  defaultAcl: [],
  attributes: [],
  problems: [],
};

/** An extended attribute as it is stored. */
export interface StoredAttribute {
  readonly name: Uint8Array;
  readonly sizeBytes: number;
  /** Undefined where it lies elsewhere, which is not read. */
  readonly value: Uint8Array | undefined;
}

/** The details of a node of a Unix file system. By name, as programs list them. */
export function detailsOfAttributes(stored: readonly StoredAttribute[], form: PosixAclForm): NodeDetails {
  const attributes: NodeAttribute[] = [];
  const acls = { 'system.posix_acl_access': [] as string[], 'system.posix_acl_default': [] as string[] };
  const problems: string[] = [];
  for (const { name: bytes, sizeBytes, value } of stored) {
    const name = decodeName(bytes);
    if (!isAclName(name)) attributes.push({ name, sizeBytes });
    else if (value === undefined) problems.push(`${name} has ${sizeBytes} bytes, which are not read`);
    else {
      try {
        acls[name] = parsePosixAcl(value, form);
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        problems.push(error.message);
      }
    }
  }
  attributes.sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    ...noDetails,
    acl: acls['system.posix_acl_access'],
    defaultAcl: acls['system.posix_acl_default'],
    attributes,
    problems,
  };
}
