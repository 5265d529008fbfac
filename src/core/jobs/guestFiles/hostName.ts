/** What Windows refuses in a name; other systems take nearly everything. */
const unsafeCharacters = /[<>:"|?*\\\p{Cc}]/gu;
const reservedNames = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * The name under which a guest's file is written here, where a guest's name is not a possible or safe one. The guest's
 * names are chosen by whoever owns the guest.
 */
export function hostName(guestName: string, isWindows = process.platform === 'win32'): string {
  const separated = guestName.replaceAll('/', '_');
  if (['', '.', '..'].includes(separated)) return '_';
  if (!isWindows) return separated.replaceAll('\0', '_');
  const cleaned = separated.replace(unsafeCharacters, '_').replace(/[. ]$/, '_');
  return reservedNames.test(cleaned) ? `_${cleaned}` : cleaned;
}

/** How a guest's name is made one that can be written. */
export type NameRule = (guestName: string) => string;

/** The same for an archive, which may be unpacked on a system that takes a backslash for the end of a folder's name. */
export function archiveName(guestName: string): string {
  return hostName(guestName).replaceAll('\\', '_');
}
