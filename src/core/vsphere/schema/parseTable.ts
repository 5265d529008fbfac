import { assert, defined } from '../../../base/assert.ts';

/**
 * One element of a data object, in the notation `name type[?][[]]`: `?` it may be missing, `[]` it may be repeated.
 * The type is a primitive or the name of a row.
 */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly repeated: boolean;
  /** The enumeration whose words it holds; other texts have none. */
  readonly enumeration?: string;
  /** The version of the API it came with; without one, every server has it. */
  readonly since?: string;
}

/** A row of a type table: the fields the type adds to those of its base, in the order of the wire. */
export interface TypeRow {
  readonly name: string;
  readonly base: string | undefined;
  readonly ownFields: readonly Field[];
  readonly since?: string;
}

/** An operation: its arguments after `_this` in the order of the wire, and what it returns. */
export interface OperationRow {
  readonly name: string;
  readonly parameters: readonly Field[];
  readonly returns: Field | undefined;
  readonly since?: string;
}

/**
 * Reads rows of the form
 *
 *     Name: Base
 *       field type, field type?
 *       field type?[]
 *
 * where the base is missing for what derives from nothing, and indented lines hold the fields.
 */
export function parseTypes(table: string): TypeRow[] {
  const rows: { name: string; base: string | undefined; ownFields: Field[] }[] = [];
  for (const line of table.split('\n')) {
    if (line.trim() === '') continue;
    if (line.startsWith(' ')) {
      defined(rows.at(-1), 'the row of an indented line').ownFields.push(...parseFields(line));
      continue;
    }
    const [name = '', base] = line.split(':').map(part => part.trim());
    rows.push({ name, base, ownFields: [] });
  }
  return rows;
}

/** Reads rows of the form `Name(parameter type, …) -> type`; a row may be broken between its parameters. */
export function parseOperations(table: string): OperationRow[] {
  return [...table.matchAll(/^(\w+)\(([^)]*)\)(?: -> (\S+))?$/gm)].map(
    ([, name = '', parameters, returns]) => ({
      name,
      parameters: parseFields(defined(parameters, 'parameters')),
      returns: returns === undefined ? undefined : parseField(`returnval ${returns}`),
    }),
  );
}

function parseFields(text: string): Field[] {
  return text
    .split(',')
    .map(field => field.trim())
    .filter(field => field !== '')
    .map(parseField);
}

function parseField(text: string): Field {
  const match = /^(\w+) (\w+)(\?)?(\[\])?$/.exec(text);
  assert(match !== null, `"${text}" is not a field of the vim25 table`);
  const [, name = '', type = '', optional, repeated] = match;
  return { name, type, optional: optional !== undefined, repeated: repeated !== undefined };
}
