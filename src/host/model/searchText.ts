import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { FoundNodeDto, SearchPageDto, UnsearchedNodeDto } from '../../protocol/guestSearch.ts';
import type { RemarkRow, ResultRow, SearchPageView } from '../../protocol/webview/browserSearch.ts';
import { guestFolder, guestName } from './guestPath.ts';
import type { Translate } from './nodeView.ts';
import { kindText } from './restoreBrowserModel.ts';
import { formatMoment } from './time.ts';

export function searchPageView(page: SearchPageDto, t: Translate): SearchPageView {
  const { found, unsearched, lookedAtCount, isEnd } = page;
  return {
    rows: found.flatMap(file => rowsOf(file, t)),
    unsearched: unsearched.map(node => unsearchedRow(node, t)),
    lookedAtCount,
    isEnd,
  };
}

function rowsOf({ at, kind, node, lines, hasMoreLines }: FoundNodeDto, t: Translate): readonly ResultRow[] {
  return [
    {
      kind: 'file',
      at,
      nodeKind: kind,
      kindText: kindText(kind, t),
      name: guestName(at.path),
      folder: guestFolder(at.path),
      size: node !== undefined && kind === 'file' ? formatBytes(node.sizeBytes) : '',
      modified: node === undefined ? '' : formatMoment(node.modifiedAt),
    },
    ...lines.map(line => ({ kind: 'line' as const, at, ...line })),
    ...(hasMoreLines ? [{ kind: 'remark' as const, at, text: t('The file has more such lines.') }] : []),
  ];
}

function unsearchedRow({ at, reason, problem }: UnsearchedNodeDto, t: Translate): RemarkRow {
  return { kind: 'remark', at, text: t('{0}: {1}', at.path, reasonText(reason, problem, t)) };
}

function reasonText(reason: UnsearchedNodeDto['reason'], problem: string, t: Translate): string {
  switch (reason) {
    case 'binary':
      return t('not text');
    case 'large':
      return t('too large to be searched');
    case 'longLine':
      return t('has a line too long to be searched');
    case 'unreadable':
      return problem;
    default:
      return never(reason);
  }
}
