import sax, { type SAXParser, type Tag } from 'sax';
import { CorruptDataError } from '../../base/errors.ts';
import { primitiveValue } from './primitiveValue.ts';
import type { Field, OperationRow } from './schema/parseTable.ts';
import { fieldsOf, isDataType, isEnumeration, isPrimitive, isSubtype, primitives } from './schema/schema.ts';

/**
 * Reads the answer of an operation while it arrives, in pieces of any size, and makes the same plain values of it as
 * `plainField` makes of what the SOAP library has parsed. The library needs three times as long, in one go, for it builds
 * a tree of everything first; answers that tell of hundreds of objects are read by this instead.
 */
export class AnswerReader {
  readonly #operation: OperationRow;
  readonly #parser: SAXParser;
  readonly #open: Open[] = [];
  readonly #returned: unknown[] = [];
  #isEnvelope = false;

  constructor(operation: OperationRow) {
    this.#operation = operation;
    this.#parser = sax.parser(true, parserOptions);
    this.#parser.onerror = ({ message }) => {
      throw new CorruptDataError(`the answer is not XML: ${message.split('\n')[0] ?? ''}`);
    };
    this.#parser.ondoctype = () => {
      throw new CorruptDataError('the answer has a document type declaration');
    };
    this.#parser.onopentag = tag => this.#begin(tag as Tag);
    this.#parser.onclosetag = () => this.#end();
    this.#parser.ontext = piece => this.#addText(piece);
    this.#parser.oncdata = piece => this.#addText(piece);
  }

  /** @throws CORRUPT_DATA for text that is not XML, or a value that is not of its type */
  write(text: string): void {
    this.#parser.write(text);
  }

  /**
   * What the operation returns; undefined if nothing. To be called once, after everything was written.
   * @throws CORRUPT_DATA for what is no whole answer
   */
  finish(): unknown {
    this.#parser.close();
    const { name, returns } = this.#operation;
    if (!this.#isEnvelope) throw new CorruptDataError(`${name}: the answer is no SOAP envelope`);
    return returns?.repeated === true ? this.#returned : this.#returned[0];
  }

  #begin({ name: qualified, attributes }: Tag): void {
    const depth = this.#open.length;
    if (depth >= maxDepth) throw new CorruptDataError(`the answer nests elements deeper than ${maxDepth}`);
    const name = localName(qualified);
    const around = this.#open[depth - 1];
    if (around !== undefined) around.hasChildren = true;
    const told = toldBy(attributes);
    const isAroundAll = around === undefined || around.content === 'envelope';
    this.#open.push(isAroundAll ? this.#envelope(name, depth, told) : within(around, name, told));
  }

  #envelope(name: string, depth: number, told: Told): Open {
    const { name: operation, returns } = this.#operation;
    if (depth === 3 && name === 'returnval' && returns !== undefined) return declared(returns, told);
    const expected = ['Envelope', 'Body', `${operation}Response`][depth];
    this.#isEnvelope ||= depth === 1 && name === 'Body';
    return opened(name === expected ? 'envelope' : 'skipped', name, undefined, told);
  }

  #addText(piece: string): void {
    const open = this.#open.at(-1);
    if (open?.content === 'primitive' || open?.content === 'unknown') open.text += piece;
  }

  #end(): void {
    const open = this.#open.pop();
    if (open === undefined || open.content === 'skipped' || open.content === 'envelope') return;
    const around = this.#open.at(-1);
    if (around?.content === 'envelope') this.#returned.push(valueOf(open));
    else if (around?.items !== undefined) around.items.push(valueOf(open));
    else if (around?.values !== undefined) put(around.values, open, valueOf(open));
  }
}

/** Far beyond what any answer nests: snapshots are at most 32 deep. */
const maxDepth = 256;

/** Only the five entities of XML; the option is missing from the parser's types. */
const parserOptions: sax.SAXOptions & { readonly strictEntities: boolean } = {
  position: false,
  strictEntities: true,
};

/** What is made of an element. */
type Content =
  /** It is one of those around what the operation returns. */
  | 'envelope'
  | 'object'
  /** An `ArrayOf…`: its elements are its value. */
  | 'array'
  | 'primitive'
  /** Of a type the table does not know: what is there, as text. */
  | 'unknown'
  | 'skipped';

/** An element that has begun. */
interface Open {
  readonly content: Content;
  readonly name: string;
  /** In the element around it; undefined there for what the table does not know. */
  readonly field: Field | undefined;
  /** Of the value; '' if the table does not know it. */
  readonly type: string;
  /** Of a reference. */
  readonly refType: string | undefined;
  readonly hasAttributes: boolean;
  readonly values: Record<string, unknown> | undefined;
  readonly items: unknown[] | undefined;
  hasChildren: boolean;
  text: string;
}

/** What the attributes of an element say. */
interface Told {
  /** `xsi:type` without prefixes: servers choose both the attribute's and the type's. */
  readonly type: string | undefined;
  readonly refType: string | undefined;
  readonly isNil: boolean;
  readonly isAnything: boolean;
}

function opened(content: Content, name: string, field: Field | undefined, told: Told, type = ''): Open {
  const hasValues = content === 'object' || content === 'unknown';
  return {
    content,
    name,
    field,
    type,
    refType: told.refType,
    hasAttributes: told.isAnything,
    values: hasValues ? (told.type === undefined ? {} : { _type: told.type }) : undefined,
    items: content === 'array' ? [] : undefined,
    hasChildren: false,
    text: '',
  };
}

function within(around: Open, name: string, told: Told): Open {
  if (told.isNil || around.content === 'skipped' || name === '__proto__')
    return opened('skipped', name, undefined, told);
  if (around.content === 'primitive') throw new CorruptDataError('a simple value in the answer has children');
  const field = around.content === 'unknown' ? undefined : fieldsByName(around.type).get(name);
  return field === undefined ? opened('unknown', name, undefined, told) : declared(field, told);
}

/** An element of a declared type; it may name one that derives from that. */
function declared(field: Field, told: Told): Open {
  const [content, type] = contentOf(field.type, told.type);
  return opened(content, field.name, field, told, type);
}

function contentOf(type: string, named: string | undefined): readonly [Content, type: string] {
  if (type !== 'any') {
    if (isPrimitive(type)) return ['primitive', type];
    return ['object', named !== undefined && isDataType(named) && isSubtype(named, type) ? named : type];
  }
  if (named === undefined) return ['unknown', ''];
  const primitive = primitivesByXmlName.get(named);
  if (primitive !== undefined) return ['primitive', primitive];
  if (isEnumeration(named)) return ['primitive', 'str'];
  if (!isDataType(named)) return ['unknown', ''];
  return [named.startsWith('ArrayOf') ? 'array' : 'object', named];
}

function valueOf({ content, type, text, refType, values, items, ...open }: Open): unknown {
  switch (content) {
    case 'primitive':
      if (type !== 'ref') return primitiveValue(type, text);
      if (refType === undefined) throw new CorruptDataError('a reference in the answer has no type');
      return { type: refType, value: text };
    case 'array':
      return items;
    case 'object':
      for (const { name } of requiredLists(type)) if (values !== undefined) values[name] ??= [];
      return values;
    case 'unknown':
      if (open.hasChildren || (text.trim() === '' && open.hasAttributes)) return values;
      if (text.trim() === '') return '';
      return refType === undefined ? text : { type: refType, value: text };
    case 'envelope':
    case 'skipped':
      return undefined;
  }
}

function put(values: Record<string, unknown>, { field, name }: Open, value: unknown): void {
  const former = Object.hasOwn(values, name) ? values[name] : undefined;
  if (field?.repeated === true) {
    if (former === undefined) values[name] = [value];
    else (former as unknown[]).push(value);
  } else if (former === undefined) {
    values[name] = value;
  } else if (field === undefined) {
    values[name] = Array.isArray(former) ? [...(former as unknown[]), value] : [former, value];
  }
}

const nothingTold: Told = { type: undefined, refType: undefined, isNil: false, isAnything: false };

function toldBy(attributes: Readonly<Record<string, string>>): Told {
  let told = nothingTold;
  for (const name in attributes) {
    if (name.startsWith('xmlns')) continue;
    const value = attributes[name] ?? '';
    if (name === 'type') told = { ...told, refType: value, isAnything: true };
    else if (name.endsWith(':type')) told = { ...told, type: localName(value), isAnything: true };
    else told = { ...told, isAnything: true, isNil: told.isNil || isNil(name, value) };
  }
  return told;
}

function isNil(name: string, value: string): boolean {
  return name.endsWith(':nil') && (value === 'true' || value === '1');
}

function localName(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf(':') + 1);
}

const primitivesByXmlName: ReadonlyMap<string, string> = new Map(
  Object.entries(primitives).flatMap(([type, xmlName]) => (type === 'any' ? [] : [[xmlName, type] as const])),
);

/** Looked up for every element of every answer, so they are worked out once. */
const fieldsByType = new Map<string, ReadonlyMap<string, Field>>();
const requiredListsByType = new Map<string, readonly Field[]>();

function fieldsByName(type: string): ReadonlyMap<string, Field> {
  const known = fieldsByType.get(type) ?? new Map(fieldsOf(type).map(field => [field.name, field]));
  fieldsByType.set(type, known);
  return known;
}

/** Fields that are there even if nothing is in them. */
function requiredLists(type: string): readonly Field[] {
  const known =
    requiredListsByType.get(type) ?? fieldsOf(type).filter(({ repeated, optional }) => repeated && !optional);
  requiredListsByType.set(type, known);
  return known;
}
