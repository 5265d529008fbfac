import sax, { type QualifiedTag, type SAXOptions, type SAXParser } from 'sax';

/** A parsed element with its namespaces resolved. */
export interface XmlElement {
  readonly namespace: string;
  readonly localName: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All text directly inside, in one piece. */
  readonly text: string;
  /** The namespace a prefix stands for at this element; '' asks for the default one. */
  readonly resolvePrefix: (prefix: string) => string | undefined;
  /** Where the element begins, both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface XmlAttribute {
  readonly namespace: string;
  readonly localName: string;
  readonly value: string;
}

/** Text that is no well-formed XML, uses an undeclared prefix, or is deeper than any request is. */
export class XmlError extends Error {}

const maxDepth = 64;

/** Only the five entities of XML; the option is missing from the parser's types. */
const parserOptions: SAXOptions & { readonly strictEntities: boolean } = {
  xmlns: true,
  position: true,
  strictEntities: true,
};

type OpenElement = XmlElement & { readonly children: XmlElement[]; text: string };

/** @throws XmlError */
export function parseXml(text: string): XmlElement {
  const parser = sax.parser(true, parserOptions);
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  parser.onerror = error => {
    throw new XmlError(error.message.split('\n')[0] ?? 'not well-formed');
  };
  parser.ondoctype = () => {
    throw new XmlError('a document type declaration is not allowed here');
  };
  parser.onopentag = tag => {
    if (open.length >= maxDepth) throw new XmlError(`elements are nested deeper than ${maxDepth}`);
    const element = toElement(tag as QualifiedTag, parser);
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  };
  parser.onclosetag = () => {
    open.pop();
  };
  const onText = (piece: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += piece;
  };
  parser.ontext = onText;
  parser.oncdata = onText;
  parser.write(text).close();
  if (root === undefined) throw new XmlError('there is no element');
  return root;
}

/** The first child of that name in any namespace. */
export function childNamed(element: XmlElement, localName: string): XmlElement | undefined {
  return element.children.find(child => child.localName === localName);
}

export function childrenNamed(element: XmlElement, localName: string): XmlElement[] {
  return element.children.filter(child => child.localName === localName);
}

export function attributeOf(element: XmlElement, localName: string): string | undefined {
  return element.attributes.find(attribute => attribute.localName === localName)?.value;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function toElement(tag: QualifiedTag, parser: SAXParser): OpenElement {
  return {
    namespace: tag.uri,
    localName: tag.local,
    attributes: Object.values(tag.attributes).map(({ uri, local, value }) => ({
      namespace: uri,
      localName: local,
      value,
    })),
    children: [],
    text: '',
    resolvePrefix: prefix => tag.ns[prefix],
    line: parser.line + 1,
    column: parser.column + 1,
  };
}
