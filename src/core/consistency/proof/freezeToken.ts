/**
 * What a freeze script writes into the guest while it holds an application: first HELD, then RELEASED, or EXPIRED if it
 * had to give up. The copy inside the restore point proves what was at the moment of the snapshot.
 */
export type TokenState = 'held' | 'released' | 'expired' | 'absent';

/** A token as a restore point holds it. */
export interface FoundToken {
  /** `mariadb`, `postgresql`: the product, as the name of the file says. */
  readonly application: string;
  readonly inImage: TokenState;
}

/** Longer ones are read no further. */
export const maxTokenBytes = 65_536;

/** Where tokens lie: on the root, on a file system of its own for /var or /var/lib, in a Windows. */
export const tokenFolders = ['var/lib/quiesce', 'lib/quiesce', 'quiesce', 'ProgramData/quiesce'] as const;

/** Undefined for a file that is no token, or one that was never written. */
export function tokenOf(fileName: string, text: string): FoundToken | undefined {
  const application = /^([a-z][\w-]{0,60})\.token$/.exec(fileName)?.[1];
  if (application === undefined || text.trim() === '') return undefined;
  return { application, inImage: tokenState(text) };
}

export function tokenState(text: string): TokenState {
  const marks = new Set(text.slice(0, maxTokenBytes).match(/\b(HELD|RELEASED|EXPIRED)\b/g));
  if (marks.has('EXPIRED')) return 'expired';
  if (marks.has('RELEASED')) return 'released';
  return marks.has('HELD') ? 'held' : 'absent';
}
