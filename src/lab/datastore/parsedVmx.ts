/** Reads the lines of a configuration file, whose keys know no case. Lines that are none are skipped, as a host does. */
export function parseVmx(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([\w.:-]+)\s*=\s*"([^"]*)"\s*$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const value = match[2].replace(/\|([0-9A-Fa-f]{2})/g, (_, code: string) =>
      String.fromCodePoint(Number.parseInt(code, 16)),
    );
    values.set(match[1].toLowerCase(), value);
  }
  return values;
}

/** What the file has of a bus or a card, for instance all numbers N of `ethernetN.present = "TRUE"`. */
export function presentNumbers(values: ReadonlyMap<string, string>, prefix: string): number[] {
  return [...values]
    .map(([key, value]) => [new RegExp(`^${prefix}(\\d{1,2})\\.present$`).exec(key)?.[1], value] as const)
    .filter(([number, value]) => number !== undefined && value.toUpperCase() === 'TRUE')
    .map(([number]) => Number(number))
    .sort((a, b) => a - b);
}

export function isTrue(value: string | undefined): boolean {
  return value?.toUpperCase() === 'TRUE';
}
