import type { MoRef } from '../../core/vsphere/schema/moRef.ts';

/** A folder for files of a VM, and the datastore it is on. */
export interface FileHome {
  readonly datastore: MoRef;
  /** For instance "[datastore2] web01/". */
  readonly path: string;
}
