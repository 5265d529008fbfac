/** How far apart the moments of a group's restore points lie. They are never consistent with each other. */
export interface GroupSkew {
  readonly first: Date;
  readonly last: Date;
  readonly skewMs: number;
}

/** Undefined without any. */
export function groupSkew(takenAt: readonly Date[]): GroupSkew | undefined {
  const sorted = takenAt.toSorted((one, other) => one.getTime() - other.getTime());
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return { first, last, skewMs: last.getTime() - first.getTime() };
}
