/** Paths of a running guest that is like Unix: absolute, names joined by `/`. */

/** The folder a path lies in; of the root the root itself. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `path` below `folder`; a `/` at the front of `path` does not lead out of it. */
export function joinedBelow(folder: string, path: string): string {
  const names = `${folder}/${path}`.split('/').filter(name => name !== '' && name !== '.');
  return `/${names.join('/')}`;
}

/** A regular expression, as the guest's own library reads it, that fits this name alone. */
export function patternOf(name: string): string {
  return `^${name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`;
}

/** Longest name a file system of Linux takes. */
const maxNameBytes = 255;

/** The name with `suffix` at its end, the front shortened by whole characters where both together are too long. */
export function suffixedName(name: string, suffix: string): string {
  const roomBytes = maxNameBytes - Buffer.byteLength(suffix);
  let kept = '';
  let keptBytes = 0;
  for (const character of name) {
    keptBytes += Buffer.byteLength(character);
    if (keptBytes > roomBytes) break;
    kept += character;
  }
  return kept + suffix;
}

/**
 * Why a path cannot be said to a guest through the API; undefined if it can. The API carries text: what has no form in
 * XML would arrive as another name, and bytes that are no text (escaped as `\xHH` by the reader) do not arrive at all.
 */
export function unspeakable(path: string): string | undefined {
  if (/[\u0000-\u001F\uFFFE\uFFFF]/.test(path)) return 'has control characters in its name';
  if (/\p{Surrogate}/u.test(path) || /\\x[0-9a-f]{2}/.test(path)) return 'has a name that is no text';
  return undefined;
}
