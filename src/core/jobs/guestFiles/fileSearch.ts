import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { toAppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { GuestFileSystem, NodeId, NodeKind, NodeStat } from '../../guestfs/guestFileSystem.ts';
import { passingPieces } from '../../guestfs/passingPieces.ts';
import { type TreeNode, walkTree } from './guestTree.ts';
import { type LineMatch, linePattern, type LineQuery, type LineTest } from './linePattern.ts';
import { namePattern, type NameTest } from './namePattern.ts';
import { textLines } from './textLines.ts';

/** What is looked for; with neither a name nor a text, everything is found. */
export interface FileQuery {
  /** As in `namePattern`. */
  readonly name?: string;
  /** Finds files alone, those that have it in a line. */
  readonly text?: LineQuery;
  readonly isNameCaseSensitive: boolean;
  /** The text of larger files is not searched. */
  readonly maxFileBytes: number;
  /** Of one file; there may be more. */
  readonly maxLines: number;
}

/** A text file that is larger is a log or a dump. */
export const usualMaxFileBytes = 16 * MiB;

/** Where to search: at a path and below it. */
export interface SearchPlace {
  readonly deviceKey: number;
  readonly volumeIndex: number;
  readonly fileSystem: GuestFileSystem;
  readonly node: NodeId;
  readonly path: string;
}

export type SearchStep = FoundFile | UnsearchedFile | Looked;

/** So many more files and folders have been looked at. */
export interface Looked {
  readonly kind: 'looked';
  readonly count: number;
}

export interface FoundFile {
  readonly kind: 'found';
  readonly deviceKey: number;
  readonly volumeIndex: number;
  readonly path: string;
  readonly nodeKind: NodeKind;
  /** Undefined for what cannot be read but has the name. */
  readonly stat: NodeStat | undefined;
  /** Those with the text that was looked for. */
  readonly lines: readonly FoundLine[];
  readonly hasMoreLines: boolean;
}

export interface FoundLine {
  /** From 1 on. */
  readonly number: number;
  /** Of a long line what is around the match. */
  readonly text: string;
  /** Where the match lies in `text`, in UTF-16 units. */
  readonly match: LineMatch;
}

export type UnsearchedReason = 'binary' | 'large' | 'longLine' | 'unreadable';

/** Something that may hold what was looked for, all the same. */
export interface UnsearchedFile {
  readonly kind: 'unsearched';
  readonly deviceKey: number;
  readonly volumeIndex: number;
  readonly path: string;
  readonly reason: UnsearchedReason;
  /** What is wrong with it, if it is unreadable. */
  readonly problem: string;
}

const filesInFlight = 4;
const looksPerStep = 500;
const maxShownLine = 400;
const shownBefore = 80;

/**
 * Looks for files in the order of the guest. Nothing is read beyond what is asked for but a few files; what is held does not
 * grow with what is found. Links are not followed, and alternate streams are not looked into.
 * @throws INVALID_INPUT for an expression that is none or takes too long; what the volume throws
 */
export async function* searchFiles(
  place: SearchPlace,
  query: FileQuery,
  signal: AbortSignal,
): AsyncGenerator<SearchStep, void, undefined> {
  const isName = query.name === undefined ? () => true : namePattern(query.name, query.isNameCaseSensitive);
  const lineTest = query.text === undefined ? undefined : linePattern(query.text);
  const search: Search = { place, query, isName, lineTest, signal };
  yield* mapOrderedFlat(candidates(search), async found => await look(search, found));
}

interface Search {
  readonly place: SearchPlace;
  readonly query: FileQuery;
  readonly isName: NameTest;
  readonly lineTest: LineTest | undefined;
  readonly signal: AbortSignal;
}

/** What has such a name and kind, and what the walk tells in between. */
async function* candidates({
  place,
  isName,
  lineTest,
  signal,
}: Search): AsyncGenerator<TreeNode | UnsearchedFile | Looked, void, undefined> {
  const problems: UnsearchedFile[] = [];
  let count = 0;
  const onProblem = (path: string, problem: string) =>
    problems.push(unsearched(place, path, 'unreadable', problem));
  for await (const found of walkTree(place, onProblem, signal)) {
    signal.throwIfAborted();
    yield* problems.splice(0);
    count += 1;
    if (count % looksPerStep === 0) yield { kind: 'looked', count: looksPerStep };
    // Where one begins is not what one looks for.
    const isTop = found.parent === undefined && found.kind === 'directory';
    if (!isTop && (lineTest === undefined || found.kind === 'file') && isName(nameOf(found))) yield found;
  }
  yield* problems;
  yield { kind: 'looked', count: count % looksPerStep };
}

function nameOf({ name, guestPath }: TreeNode): string {
  return name === '' ? guestPath.slice(guestPath.lastIndexOf('/') + 1) : name;
}

async function look(
  search: Search,
  found: TreeNode | UnsearchedFile | Looked,
): Promise<readonly SearchStep[]> {
  if (found.kind === 'unsearched' || found.kind === 'looked') return [found];
  const { place, query, lineTest, signal } = search;
  const { guestPath: path, node } = found;
  try {
    const stat = await place.fileSystem.stat(node, signal);
    if (lineTest === undefined) return [foundFile(search, found, stat, [])];
    if (stat.sizeBytes > query.maxFileBytes) return [unsearched(place, path, 'large')];
    return await searchText(search, found, stat, lineTest);
  } catch (error) {
    const { code, message } = toAppError(error);
    if (code !== 'CORRUPT_DATA' && code !== 'UNSUPPORTED_FORMAT') throw error;
    const problem = unsearched(place, path, 'unreadable', message);
    return lineTest === undefined ? [foundFile(search, found, undefined, []), problem] : [problem];
  }
}

async function searchText(
  search: Search,
  found: TreeNode,
  stat: NodeStat,
  lineTest: LineTest,
): Promise<readonly SearchStep[]> {
  const { place, query, signal } = search;
  const lines: FoundLine[] = [];
  const steps = (): SearchStep[] => (lines.length === 0 ? [] : [foundFile(search, found, stat, lines)]);
  const pieces = place.fileSystem.readFile(found.node, { offsetBytes: 0 }, signal);
  for await (const block of textLines(passingPieces(pieces))) {
    if ('end' in block) return [...steps(), unsearched(place, found.guestPath, block.end)];
    for (const [index, match] of lineTest(block.lines).entries()) {
      if (match === undefined) continue;
      // One more is looked for, to know that there are more.
      if (lines.length > query.maxLines) return steps();
      lines.push(foundLine(block.firstLineNumber + index, block.lines[index] ?? '', match));
    }
  }
  return steps();
}

function foundFile(
  { place: { deviceKey, volumeIndex }, query: { maxLines } }: Search,
  { guestPath: path, kind: nodeKind }: TreeNode,
  stat: NodeStat | undefined,
  lines: readonly FoundLine[],
): FoundFile {
  const shown = lines.slice(0, maxLines);
  const hasMoreLines = lines.length > shown.length;
  return { kind: 'found', deviceKey, volumeIndex, path, nodeKind, stat, lines: shown, hasMoreLines };
}

function foundLine(number: number, line: string, match: LineMatch): FoundLine {
  if (line.length <= maxShownLine) return { number, text: line, match };
  const start = Math.max(0, match.column - shownBefore);
  const text = line.slice(start, start + maxShownLine);
  const column = match.column - start;
  return { number, text, match: { column, length: Math.min(match.length, text.length - column) } };
}

function unsearched(
  { deviceKey, volumeIndex }: SearchPlace,
  path: string,
  reason: UnsearchedReason,
  problem = '',
): UnsearchedFile {
  return { kind: 'unsearched', deviceKey, volumeIndex, path, reason, problem };
}

async function* mapOrderedFlat<T, R>(
  source: AsyncIterable<T>,
  transform: (item: T) => Promise<readonly R[]>,
): AsyncGenerator<R, void, undefined> {
  for await (const results of mapOrdered(source, filesInFlight, transform)) yield* results;
}
