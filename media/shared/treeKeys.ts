/** What the keys of a tree need to know of a row; rows come in the order in which they are shown. */
export interface KeyRow {
  readonly id: string;
  /** 1 for those without a parent. */
  readonly level: number;
  readonly label: string;
  /** Undefined for a row that never has children. */
  readonly isExpanded?: boolean | undefined;
}

export type KeyAction =
  | { readonly kind: 'move'; readonly id: string }
  | { readonly kind: 'expand' | 'collapse' | 'choose'; readonly id: string };

/**
 * What a key does in a tree, as the authoring practices for trees say.
 * @param activeId  of the row that has the focus
 * @returns undefined for keys that a tree does not know
 */
export function treeKeyAction(
  rows: readonly KeyRow[],
  activeId: string | undefined,
  key: string,
): KeyAction | undefined {
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === activeId),
  );
  const row = rows[at];
  if (row === undefined) return undefined;
  switch (key) {
    case 'ArrowDown':
      return moveTo(rows[Math.min(at + 1, rows.length - 1)]);
    case 'ArrowUp':
      return moveTo(rows[Math.max(at - 1, 0)]);
    case 'Home':
      return moveTo(rows[0]);
    case 'End':
      return moveTo(rows.at(-1));
    case 'ArrowRight':
      if (row.isExpanded === undefined) return moveTo(row);
      return row.isExpanded ? moveTo(firstChild(rows, at) ?? row) : { kind: 'expand', id: row.id };
    case 'ArrowLeft':
      return row.isExpanded === true
        ? { kind: 'collapse', id: row.id }
        : moveTo(rows.slice(0, at).findLast(({ level }) => level < row.level) ?? row);
    case 'Enter':
    case ' ':
      return { kind: 'choose', id: row.id };
    default:
      return undefined;
  }
}

/**
 * The next row whose label begins with what was typed; typing the same letter again goes on to the next one.
 * @returns undefined if there is none
 */
export function typeAhead(
  rows: readonly KeyRow[],
  activeId: string | undefined,
  typed: string,
): string | undefined {
  const at = rows.findIndex(({ id }) => id === activeId);
  const wanted = typed.toLowerCase();
  const isRepeated = Array.from(wanted).every(letter => wanted.startsWith(letter));
  const prefix = isRepeated ? wanted.slice(0, 1) : wanted;
  // More letters may still mean the row that the first ones led to.
  const start = isRepeated ? at + 1 : Math.max(at, 0);
  const inTurn = [...rows.slice(start), ...rows.slice(0, start)];
  return inTurn.find(({ label }) => label.toLowerCase().startsWith(prefix))?.id;
}

export interface SiblingPosition {
  /** From 1. */
  readonly position: number;
  readonly count: number;
}

/** Where each row stands among those with the same parent, and how many they are. */
export function siblingPositions(rows: readonly KeyRow[]): ReadonlyMap<string, SiblingPosition> {
  const families: string[][] = [];
  const open: string[][] = [];
  for (const { id, level } of rows) {
    open.length = Math.min(open.length, level);
    let family = open[level - 1];
    if (family === undefined) {
      family = [];
      families.push(family);
      open[level - 1] = family;
    }
    family.push(id);
  }
  return new Map(
    families.flatMap(family =>
      family.map((id, index) => [id, { position: index + 1, count: family.length }] as const),
    ),
  );
}

function moveTo(row: KeyRow | undefined): KeyAction | undefined {
  return row === undefined ? undefined : { kind: 'move', id: row.id };
}

function firstChild(rows: readonly KeyRow[], at: number): KeyRow | undefined {
  const [row, next] = [rows[at], rows[at + 1]];
  return row !== undefined && next !== undefined && next.level > row.level ? next : undefined;
}
