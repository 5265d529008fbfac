import type { Manifest } from './manifest.ts';

/** How the disks of a restore point were read; `mixed` if some only where they had changed. */
export const readKinds = ['full', 'incremental', 'mixed'] as const;
export type ReadKind = (typeof readKinds)[number];

export function readKindOf({ disks }: Pick<Manifest, 'disks'>): ReadKind {
  const modes = new Set(disks.map(({ transport }) => transport.readMode));
  if (!modes.has('changed-areas')) return 'full';
  return modes.has('whole') ? 'mixed' : 'incremental';
}
