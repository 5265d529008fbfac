import { maxSelected, type SelectedEntry } from './state.ts';

export interface PressedKey {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

export type TableAction =
  /** `select`: that row alone. `extend`: all from where the selection began. `keep`: the selection stays. */
  | { readonly kind: 'move'; readonly index: number; readonly selection: 'select' | 'extend' | 'keep' }
  | { readonly kind: 'open' | 'toggle' | 'leave' | 'selectAll' | 'clear' | 'filter' };

/**
 * What a key does in the table of a folder.
 * @param activeIndex  -1 if no row has had its turn
 * @returns undefined for keys that the table does not know
 */
export function tableKeyAction(
  pressed: PressedKey,
  activeIndex: number,
  rowCount: number,
  rowsPerPage: number,
): TableAction | undefined {
  const { key, shiftKey, altKey } = pressed;
  const isCommand = pressed.ctrlKey || pressed.metaKey;
  if (altKey) return key === 'ArrowUp' ? { kind: 'leave' } : undefined;
  if (isCommand && key.toLowerCase() === 'a') return { kind: 'selectAll' };
  if (isCommand && key.toLowerCase() === 'f') return { kind: 'filter' };
  const target = targetRow(key, activeIndex, rowCount, rowsPerPage);
  if (target !== undefined) {
    if (rowCount === 0) return undefined;
    const index = Math.max(0, Math.min(target, rowCount - 1));
    return { kind: 'move', index, selection: shiftKey ? 'extend' : isCommand ? 'keep' : 'select' };
  }
  if (key === ' ') return { kind: 'toggle' };
  if (isCommand) return undefined;
  if (key === 'Enter') return { kind: 'open' };
  if (key === 'Backspace') return { kind: 'leave' };
  if (key === 'Escape') return { kind: 'clear' };
  return key === '/' ? { kind: 'filter' } : undefined;
}

function targetRow(key: string, active: number, rowCount: number, rowsPerPage: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return active + 1;
    case 'ArrowUp':
      return active === -1 ? 0 : active - 1;
    case 'PageDown':
      return Math.max(0, active) + rowsPerPage;
    case 'PageUp':
      return active - rowsPerPage;
    case 'Home':
      return 0;
    case 'End':
      return rowCount - 1;
    default:
      return undefined;
  }
}

/** @returns undefined if no more can be selected */
export function toggled(
  selected: readonly SelectedEntry[],
  { name, kind }: SelectedEntry,
): readonly SelectedEntry[] | undefined {
  const others = selected.filter(entry => entry.name !== name);
  if (others.length < selected.length) return others;
  return selected.length < maxSelected ? [...selected, { name, kind }] : undefined;
}

/** Entries that follow each other, in place of what was selected. */
export function selectedOf(entries: readonly SelectedEntry[]): readonly SelectedEntry[] {
  return entries.slice(0, maxSelected).map(({ name, kind }) => ({ name, kind }));
}
