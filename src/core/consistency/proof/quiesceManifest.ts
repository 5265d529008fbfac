import sax from 'sax';

import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import { readZip } from './zipArchive.ts';

/** What a guest left behind of a quiesced snapshot: the proof of what was brought to rest. */
export type QuiesceManifest = VssManifest | FreezeManifest;

/** `…-vss_manifests….zip`: the documents of VSS. */
export interface VssManifest {
  readonly kind: 'vss';
  /** Documents beside `backup.xml`: one for each writer, if writers took part. */
  readonly writerDocumentCount: number;
  /** Named in their own documents. */
  readonly writers: readonly ManifestWriter[];
  /** Ids of the writers whose components `backup.xml` lists. */
  readonly componentWriterIds: readonly string[];
}

export interface ManifestWriter {
  /** In lower case, without braces. */
  readonly id: string;
  readonly name: string;
}

/** `…-quiesce_manifest….xml`: the file systems of a Linux were frozen. */
export interface FreezeManifest {
  readonly kind: 'freeze';
  /** `fifreeze` or `vmsync`. */
  readonly provider: string;
  /** Of VMware Tools. */
  readonly productVersion: string | undefined;
}

const maxXmlBytes = 32 * MiB;
const maxWriters = 1000;

/**
 * Reads either of the two, told apart by its first bytes. Names of documents inside the archive other than `backup.xml`
 * are not documented: what they are is told by their elements.
 * @throws CorruptDataError, UNSUPPORTED_FORMAT: what a guest writes is hostile input, and bounded
 */
export function readQuiesceManifest(bytes: Uint8Array): QuiesceManifest {
  return bytes[0] === 0x50 && bytes[1] === 0x4b ? readVssManifest(bytes) : readFreezeManifest(bytes);
}

function readVssManifest(bytes: Uint8Array): VssManifest {
  const documents = readZip(bytes);
  const backup = documents.find(({ name }) => /(^|[\\/])backup\.xml$/i.test(name));
  if (backup === undefined) throw new CorruptDataError('VSS manifest: backup.xml is missing');
  const others = documents.filter(document => document !== backup);
  const writers = new Map<string, ManifestWriter>();
  for (const { name, bytes: document } of others) {
    readElements(document, name, element => {
      const id = writerId(element);
      if (element.name !== 'IDENTIFICATION' || id === undefined || writers.size >= maxWriters) return;
      writers.set(id, { id, name: element.attributes['friendlyName'] ?? id });
    });
  }
  const componentWriterIds = new Set<string>();
  readElements(backup.bytes, backup.name, element => {
    const id = writerId(element);
    if (element.name === 'WRITER_COMPONENTS' && id !== undefined && componentWriterIds.size < maxWriters)
      componentWriterIds.add(id);
  });
  return {
    kind: 'vss',
    writerDocumentCount: others.length,
    writers: [...writers.values()],
    componentWriterIds: [...componentWriterIds],
  };
}

function readFreezeManifest(bytes: Uint8Array): FreezeManifest {
  let provider: string | undefined;
  let productVersion: string | undefined;
  readElements(
    bytes,
    'quiesce manifest',
    () => undefined,
    (name, text) => {
      if (name === 'providerName') provider ??= text;
      if (name === 'productVersion') productVersion ??= text;
    },
  );
  if (provider === undefined) throw new CorruptDataError('quiesce manifest: providerName is missing');
  return { kind: 'freeze', provider: provider.toLowerCase(), productVersion };
}

interface Element {
  /** Without its prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function writerId({ attributes }: Element): string | undefined {
  const id = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i.exec(attributes['writerId'] ?? '')?.[1];
  return id?.toLowerCase();
}

/** Texts are of elements without children, and cut off where no name or version can be so long. */
function readElements(
  bytes: Uint8Array,
  document: string,
  onElement: (element: Element) => void,
  onText: (name: string, text: string) => void = () => undefined,
): void {
  if (bytes.byteLength > maxXmlBytes) throw new CorruptDataError(`${document}: it is too large`);
  const parser = sax.parser(true, { position: false, trim: true });
  let open = '';
  let text = '';
  parser.onerror = error => {
    throw new CorruptDataError(`${document}: it is not well-formed`, { cause: error });
  };
  parser.onopentag = ({ name, attributes }) => {
    open = localName(name);
    text = '';
    onElement({ name: open, attributes: attributes as Readonly<Record<string, string>> });
  };
  parser.ontext = piece => {
    text = (text + piece).slice(0, 200);
  };
  parser.onclosetag = name => {
    if (localName(name) === open && text !== '') onText(open, text);
    open = '';
  };
  try {
    parser.write(decodeXml(bytes, document)).close();
  } catch (error) {
    if (AppError.is(error)) throw error;
    throw new CorruptDataError(`${document}: it is not well-formed`, { cause: error });
  }
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

/** Windows writes UTF-16, with or without a byte order mark. */
function decodeXml(bytes: Uint8Array, document: string): string {
  const [first, second] = bytes;
  const encoding =
    (first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)
      ? 'utf-16le'
      : (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)
        ? 'utf-16be'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CorruptDataError(`${document}: it is not ${encoding}`, { cause });
  }
}
