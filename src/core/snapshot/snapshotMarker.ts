/** What makes a snapshot ours: it stands in the snapshot's description, where people see it too. */
export interface SnapshotMarker {
  /** Random and unique to one snapshot. */
  readonly token: string;
  /** The installation that answers for it. */
  readonly installationId: string;
  /** The machine it ran on: a copied state folder makes another installation of it. */
  readonly machineId: string;
  /** Managed object id of the VM, so that a copy of the VM does not carry a snapshot of ours. */
  readonly vm: string;
  /** The job that took it. */
  readonly job: string;
  /** From then on the snapshot is surely left over. */
  readonly expiresAt: Date;
}

const opening = '[quiesce ';

/** One word each, of letters that no description puts there by accident. */
const pattern =
  /\[quiesce token=([\w-]{1,64}) installation=([\w-]{1,64}) machine=(\w{1,64}) vm=([\w-]{1,80}) job=([\w-]{1,64}) expires=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\]/;

export function formatMarker(marker: SnapshotMarker): string {
  const { token, installationId, machineId, vm, job, expiresAt } = marker;
  return (
    'Taken by Quiesce for a backup, which removes it. ' +
    `${opening}token=${token} installation=${installationId} machine=${machineId} vm=${vm} job=${job} expires=${expiresAt.toISOString()}]`
  );
}

/**
 * Undefined for snapshots of people and of other products, and for a marker somebody has edited. A text with two of
 * them belongs to nobody: whoever pasted one into the other did not mean either.
 */
export function parseMarker(description: string): SnapshotMarker | undefined {
  if (description.split(opening).length !== 2) return undefined;
  const match = pattern.exec(description);
  if (match === null) return undefined;
  const [, token = '', installationId = '', machineId = '', vm = '', job = '', expires = ''] = match;
  const expiresAt = new Date(expires);
  if (Number.isNaN(expiresAt.getTime())) return undefined;
  return { token, installationId, machineId, vm, job, expiresAt };
}
