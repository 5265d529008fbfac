/** An object as a pipeline of PowerShell passes it on. */
export type WindowsObject = Readonly<Record<string, string | boolean>>;

/**
 * What a script prints that is a list of `try { QUERY -ErrorAction Stop | ForEach-Object { EXPRESSION }; 'TEXT' } catch { }`,
 * where an expression joins texts and properties by `+`. Nothing else of PowerShell is known here.
 * @param query  the objects of a query; undefined for one that fails
 */
export function parsePowerShell(
  script: string,
  query: (command: string) => readonly WindowsObject[] | undefined,
): string {
  const lines: string[] = [];
  for (const statement of script.split(' catch { }')) {
    const [, command = '', expression = '', text = ''] =
      /try \{ (.+) -ErrorAction Stop \| ForEach-Object \{ (.+) \}; '([^']*)' \}$/.exec(statement) ?? [];
    const objects = query(command);
    if (objects === undefined) continue;
    lines.push(...objects.map(object => valueOf(expression, object)), text);
  }
  return lines.map(line => `${line}\r\n`).join('');
}

function valueOf(expression: string, object: WindowsObject): string {
  return [...expression.matchAll(/'([^']*)'|\$_\.(\w+)/g)]
    .map(([, text, property]) => text ?? wordOf(object[property ?? '']))
    .join('');
}

function wordOf(value: string | boolean | undefined): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value ?? '';
}
