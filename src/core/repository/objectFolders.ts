import type { ObjectKind } from './objectStore.ts';

/** The folders of restic's layout, which all stores share. `data` has a subfolder for each first two digits. */
export const objectFolders: Readonly<Record<Exclude<ObjectKind, 'config'>, string>> = {
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
  index: 'index',
  pack: 'data',
  audit: 'audit',
};
