/** Where a file lies, for instance `{ datastore: 'datastore1', path: 'web01/web01.vmx' }`. */
export interface DatastorePlace {
  readonly datastore: string;
  /** Without slashes at its ends; empty for the datastore itself. */
  readonly path: string;
}

/**
 * Reads `[datastore] folder/file`. Undefined for what is no such path: without a datastore, or with steps that lead
 * upwards.
 */
export function parseDatastorePath(text: string): DatastorePlace | undefined {
  const match = /^\[([^\]]+)\]\s*(.*)$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const path = normalizedPath(match[2] ?? '');
  return path === undefined ? undefined : { datastore: match[1], path };
}

/** Without empty steps; undefined if one leads upwards. */
export function normalizedPath(path: string): string | undefined {
  const steps = path.split('/').filter(step => step !== '' && step !== '.');
  return steps.includes('..') ? undefined : steps.join('/');
}

export function formatDatastorePath({ datastore, path }: DatastorePlace): string {
  return path === '' ? `[${datastore}]` : `[${datastore}] ${path}`;
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Another file in the same folder. */
export function besides(path: string, name: string): string {
  return path.slice(0, path.length - nameOf(path).length) + name;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
