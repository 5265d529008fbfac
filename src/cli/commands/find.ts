import { AppError } from '../../base/errors.ts';
import { counted, formatBytes } from '../../base/units.ts';
import { openGuestVolume } from '../../core/guestfs/openGuestFileSystem.ts';
import {
  type FileQuery,
  type FoundFile,
  type UnsearchedFile,
  type UnsearchedReason,
  usualMaxFileBytes,
} from '../../core/jobs/guestFiles/fileSearch.ts';
import { listGuestVolumes } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { searchPoint } from '../../core/jobs/guestFiles/pointSearch.ts';
import type { Command, CommandArguments } from '../command.ts';
import { exitCodes } from '../exitCodes.ts';
import { openNamedPoint } from '../openPoint.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import { byteCount, repositoryOption } from './options.ts';

const usualLimit = 100_000;

/** Of each reason; the others are counted. */
const namedUnsearched = 20;

export const findCommand: Command = {
  name: 'find',
  summary: 'Find files of a restore point by name or by what is in them',
  operands: ['POINT', '[FOLDER]'],
  options: {
    name: { value: 'NAME', help: 'part of the name, or a whole one with *, ? and [a-z]' },
    text: { value: 'TEXT', help: 'files with this text in a line' },
    regex: { value: 'EXPRESSION', help: 'files with a line that this regular expression fits' },
    'ignore-case': { help: 'small and capital letters are the same, in names and in text' },
    'max-size': { value: 'BYTES', help: 'the text of larger files is not searched; 16M without it' },
    limit: { value: 'N', help: 'end after so many files; 100000 without it' },
    ...volumeOptions,
    ...repositoryOption,
  },
  run: async (context, args) => {
    const query = fileQuery(args);
    const limit = args.count('limit') ?? usualLimit;
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const disks = await listGuestVolumes(
      repository,
      point,
      await volumeChoice(context, args, opened),
      signal,
    );
    const found: FoundFile[] = [];
    const unsearched = new UnsearchedList(limit);
    let lookedAtCount = 0;
    const open: Parameters<typeof searchPoint>[2] = async (_, volume) =>
      await openGuestVolume(volume, signal);
    for await (const step of searchPoint(disks, args.optionalOperand(1) ?? '/', open, query, signal)) {
      if (step.kind === 'looked') lookedAtCount += step.count;
      else if (step.kind === 'unsearched') unsearched.add(step);
      else {
        found.push(step);
        for (const line of linesOf(step)) context.output.line(line);
        if (found.length < limit) continue;
        context.output.note(`Ended after ${counted(limit, 'file')}; --limit allows more`);
        break;
      }
    }
    for (const note of unsearched.notes(query)) context.output.note(note);
    const { counts, files } = unsearched;
    const result = {
      lookedAtCount,
      found: found.map(foundValue),
      unsearched: files,
      unsearchedCounts: counts,
    };
    context.output.result(result, () => '');
    return found.length > 0 ? undefined : exitCodes.NOT_FOUND;
  },
};

function fileQuery(args: CommandArguments): FileQuery {
  const name = args.option('name');
  const [text, expression] = [args.option('text'), args.option('regex')];
  if (
    (name === undefined && text === undefined && expression === undefined) ||
    (text !== undefined && expression !== undefined)
  )
    throw new AppError('INVALID_INPUT', 'it must be said what to find', {
      object: 'find',
      remedy: 'Give --name, --text or --regex; of the last two only one',
    });
  const isCaseSensitive = !args.flag('ignore-case');
  const wanted = text ?? expression;
  return {
    ...(name !== undefined && { name }),
    ...(wanted !== undefined && {
      text: { text: wanted, isExpression: expression !== undefined, isCaseSensitive },
    }),
    isNameCaseSensitive: isCaseSensitive,
    maxFileBytes: byteCount(args, 'max-size', 'Write bytes as 500K, 20M or 1G') ?? usualMaxFileBytes,
    maxLines: Number.MAX_SAFE_INTEGER,
  };
}

/** `2000/1 /etc/hosts`, or as many lines as have the text: `2000/1 /etc/hosts:3: 127.0.0.1`. */
function linesOf(file: FoundFile): readonly string[] {
  const { lines } = file;
  if (lines.length === 0) return [placeText(file)];
  return lines.map(({ number, text }) => `${placeText(file)}:${number}: ${text}`);
}

function placeText({ deviceKey, volumeIndex, path }: FoundFile | UnsearchedFile): string {
  return `${deviceKey}/${volumeIndex} ${path}`;
}

function foundValue({ deviceKey, volumeIndex, path, nodeKind, stat, lines }: FoundFile) {
  return {
    ...{ deviceKey, volumeIndex, path, kind: nodeKind, sizeBytes: stat?.sizeBytes },
    modifiedAt: stat === undefined ? undefined : new Date(stat.modifiedAt.seconds * 1000).toISOString(),
    lines: lines.map(({ number, text, match: { column } }) => ({ number, column: column + 1, text })),
  };
}

/** What was not searched: all of it counted, named up to a limit. */
class UnsearchedList {
  readonly counts: Record<UnsearchedReason, number> = { binary: 0, large: 0, longLine: 0, unreadable: 0 };
  readonly files: UnsearchedFile[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(file: UnsearchedFile): void {
    this.counts[file.reason] += 1;
    if (this.files.length < this.#limit) this.files.push(file);
  }

  /** Binary files are expected and only counted; what else may hide something is named. */
  notes({ maxFileBytes }: FileQuery): readonly string[] {
    const titles: Readonly<Record<UnsearchedReason, string>> = {
      binary: 'binary',
      large: `larger than ${formatBytes(maxFileBytes)}`,
      longLine: 'a line of more than a million characters',
      unreadable: 'cannot be read',
    };
    return (Object.keys(titles) as UnsearchedReason[]).flatMap(reason => {
      const count = this.counts[reason];
      if (count === 0) return [];
      const files = this.files.filter(file => file.reason === reason);
      const named = reason === 'binary' ? [] : files.slice(0, namedUnsearched);
      const remark = named.length < count ? ' (--json names them)' : '';
      return [
        `Not searched, ${titles[reason]}: ${counted(count, 'file')}${remark}`,
        ...named.map(file => `  ${placeText(file)}${file.problem === '' ? '' : `: ${file.problem}`}`),
      ];
    });
  }
}
