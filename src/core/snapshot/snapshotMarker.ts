/** What makes a snapshot ours: it stands in the snapshot's description, where people see it too. */
export interface SnapshotMarker {
  /** Random and unique to one snapshot. */
  readonly token: string;
  /** The installation that answers for it. */
  readonly installationId: string;
  /** From then on the snapshot is surely left over. */
  readonly expiresAt: Date;
}

export function formatMarker({ token, installationId, expiresAt }: SnapshotMarker): string {
  return (
    'Taken by Quiesce for a backup, which removes it. ' +
    `[quiesce token=${token} installation=${installationId} expires=${expiresAt.toISOString()}]`
  );
}

/** Undefined for snapshots of people and of other products, and for a marker somebody has edited. */
export function parseMarker(description: string): SnapshotMarker | undefined {
  const match = /\[quiesce token=(\S+) installation=(\S+) expires=(\S+)\]/.exec(description);
  const [, token, installationId, expires] = match ?? [];
  if (token === undefined || installationId === undefined || expires === undefined) return undefined;
  const expiresAt = new Date(expires);
  return Number.isNaN(expiresAt.getTime()) ? undefined : { token, installationId, expiresAt };
}
