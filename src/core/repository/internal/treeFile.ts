import { never } from '../../../base/assert.ts';
import { AppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Tree, TreeNode } from '../tree.ts';
import { integerOrZero, objectsOrNone, readId, readIds } from './formatFields.ts';
import { goJson, goQuote, goTimeText, goUnquote } from './goJson.ts';

/** Bits of Go's `os.FileMode` beside the nine permissions. */
const goModeDir = 2 ** 31;
const goModeSymlink = 2 ** 27;
/** The Unix bits setuid, setgid and sticky, and where Go has them. */
const goModeSpecial = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const;

const u32 = 2 ** 32 - 1;

/**
 * The JSON whose SHA-256 is the tree's id: entries ascending by the bytes of their names, members in the format's
 * order, numbers and texts that are empty left out.
 * @throws AppError INVALID_INPUT for a name or time that the format cannot hold, and for a name used twice
 * @see restic design document, "Trees and Data"
 */
export function encodeTree(tree: Tree): Uint8Array {
  const nodes = [...tree.nodes].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  nodes.forEach((node, index) => {
    if (node.name === '' || node.name.includes('/') || node.name.includes('\0'))
      throw new AppError('INVALID_INPUT', `“${node.name}” cannot be the name of a file`);
    if (node.name === nodes[index + 1]?.name)
      throw new AppError('INVALID_INPUT', `“${node.name}” is in the folder twice`);
  });
  return Buffer.from(`${goJson({ nodes: nodes.map(encodeNode) })}\n`);
}

/** @throws CorruptDataError */
export function parseTree(text: Uint8Array, what: string): Tree {
  return { nodes: objectsOrNone(JsonReader.parse(text, what), 'nodes').map(readNode) };
}

function encodeNode(node: TreeNode) {
  const common = {
    name: goQuote(node.name),
    type: node.type,
    mode: goMode(node) || undefined,
    mtime: goTimeText(node.mtime, node.name),
    atime: goTimeText(node.atime, node.name),
    ctime: goTimeText(node.ctime, node.name),
    uid: node.uid,
    gid: node.gid,
    user: emptyLeftOut(node.user),
    group: emptyLeftOut(node.group),
  };
  switch (node.type) {
    case 'file':
      return { ...common, size: node.sizeBytes || undefined, links: 1, content: node.content };
    case 'dir':
      return { ...common, content: null, subtree: node.subtree };
    case 'symlink':
      return { ...common, links: 1, linktarget: emptyLeftOut(node.linkTarget), content: null };
    case 'other':
      throw new AppError('INVALID_INPUT', `${node.name}: a ${node.otherType} cannot be stored`);
    default:
      return never(node);
  }
}

function readNode(json: JsonReader): TreeNode {
  const name = goUnquote(json.string('name'));
  if (name === undefined || name === '' || name.includes('/'))
    return json.wrong('name', 'the name of a file');
  const common = {
    name,
    permissions: unixPermissions(integerOrZero(json, 'mode', u32)),
    mtime: json.string('mtime'),
    atime: json.string('atime'),
    ctime: json.string('ctime'),
    uid: integerOrZero(json, 'uid', u32),
    gid: integerOrZero(json, 'gid', u32),
    ...(json.has('user') && { user: json.string('user') }),
    ...(json.has('group') && { group: json.string('group') }),
  };
  const type = json.string('type');
  switch (type) {
    case 'file':
      return {
        ...common,
        type,
        sizeBytes: integerOrZero(json, 'size', Number.MAX_SAFE_INTEGER),
        content: readIds(json, 'content'),
      };
    case 'dir':
      return { ...common, type, subtree: readId(json, 'subtree') };
    case 'symlink':
      return { ...common, type, linkTarget: json.optionalString('linktarget') ?? '' };
    default:
      return { ...common, type: 'other', otherType: type };
  }
}

function goMode({ type, permissions }: TreeNode): number {
  const special = goModeSpecial.filter(([unix]) => (permissions & unix) !== 0).map(([, go]) => go);
  const kind = type === 'dir' ? goModeDir : type === 'symlink' ? goModeSymlink : 0;
  return special.reduce((mode, bit) => mode + bit, kind + (permissions & 0o777));
}

function unixPermissions(mode: number): number {
  const special = goModeSpecial.filter(([, go]) => Math.floor(mode / go) % 2 === 1).map(([unix]) => unix);
  return special.reduce((permissions, bit) => permissions + bit, mode & 0o777);
}

function emptyLeftOut(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
