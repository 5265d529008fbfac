/**
 * What a freeze script writes into the guest while it holds an application: first HELD, then RELEASED, or EXPIRED if it
 * had to give up. The copy inside the restore point proves what was at the moment of the snapshot.
 */
export type TokenState = 'held' | 'released' | 'expired' | 'absent';

export function tokenState(text: string): TokenState {
  const marks = new Set(text.slice(0, 65_536).match(/\b(HELD|RELEASED|EXPIRED)\b/g));
  if (marks.has('EXPIRED')) return 'expired';
  if (marks.has('RELEASED')) return 'released';
  return marks.has('HELD') ? 'held' : 'absent';
}
