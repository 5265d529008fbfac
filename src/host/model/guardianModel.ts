import { dayMs, formatBytes, formatLongDuration } from '../../base/units.ts';
import type {
  DatastoreForecastDto,
  GuardedSnapshotDto,
  SnapshotReportDto,
} from '../../protocol/snapshotReport.ts';
import { commandIds } from '../ids.ts';
import { markdownTable, markdownText } from './markdown.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { formatMoment } from './time.ts';

/** What the guardian of snapshots says of a vCenter, where there is something to say. */
export interface GuardianNode {
  readonly kind: 'guardian';
  readonly vcenter: string;
  readonly report: SnapshotReportDto;
}

/** One snapshot, VM or datastore that somebody should look at. */
export interface GuardedNode {
  readonly kind: 'guarded';
  readonly vcenter: string;
  readonly what:
    | { readonly kind: 'snapshot'; readonly snapshot: GuardedSnapshotDto }
    | { readonly kind: 'consolidate'; readonly entry: SnapshotReportDto['toConsolidate'][number] }
    | { readonly kind: 'datastore'; readonly datastore: DatastoreForecastDto };
}

/** A datastore that is full by then is worth a row. */
const soonMs = 30 * dayMs;

export function needsLook({ snapshots, toConsolidate, datastores }: SnapshotReportDto): boolean {
  return snapshots.some(isWarning) || toConsolidate.length > 0 || datastores.some(isSoonFull);
}

export function guardianChildren({ vcenter, report }: GuardianNode): readonly GuardedNode[] {
  const { snapshots, toConsolidate, datastores } = report;
  return [
    ...datastores.filter(isSoonFull).map(datastore => ({ kind: 'datastore', datastore }) as const),
    ...snapshots.filter(isWarning).map(snapshot => ({ kind: 'snapshot', snapshot }) as const),
    ...toConsolidate.map(entry => ({ kind: 'consolidate', entry }) as const),
  ].map(what => ({ kind: 'guarded', vcenter, what }));
}

export function guardianView({ vcenter, report }: GuardianNode, t: Translate): NodeView {
  const lines = summary(report, t);
  return {
    id: `guardian/${vcenter}`,
    label: t('Snapshot guardian'),
    description: lines.join(' · '),
    tooltip: [t('As of {0}', formatMoment(report.at)), ...lines],
    icon: { name: 'warning', color: 'list.warningForeground' },
    contextValue: 'guardian',
    children: 'collapsed',
  };
}

export function guardedView({ vcenter, what }: GuardedNode, t: Translate): NodeView {
  const command = { id: commandIds.guardSnapshots, title: t('Guard Snapshots') };
  const shared = { contextValue: 'guarded', children: 'none', command } as const;
  switch (what.kind) {
    case 'snapshot': {
      const { vm, snapshotId, name } = what.snapshot;
      const description = [
        formatLongDuration(what.snapshot.ageMs),
        ...grownText(what.snapshot, t),
        verdictText(what.snapshot, t),
      ].join(' · ');
      return {
        id: `guardian/${vcenter}/snapshot/${vm.id}/${snapshotId}`,
        label: `${vm.name}: ${name}`,
        ...{ description, tooltip: [`${vm.name}: ${name}`, description] },
        icon: { name: 'device-camera' },
        ...shared,
      };
    }
    case 'consolidate': {
      const { vm } = what.entry;
      const description = consolidationText(what.entry, t);
      return {
        id: `guardian/${vcenter}/consolidate/${vm.id}`,
        label: vm.name,
        ...{ description, tooltip: [vm.name, description] },
        icon: { name: 'combine' },
        ...shared,
      };
    }
    case 'datastore': {
      const { name } = what.datastore;
      const description = forecastText(what.datastore, t);
      return {
        id: `guardian/${vcenter}/datastore/${name}`,
        label: name,
        ...{ description, tooltip: [name, description] },
        icon: { name: 'database', color: 'list.warningForeground' },
        ...shared,
      };
    }
  }
}

/** The same as a page. Whatever comes from outside is text in it, never markup. */
export function guardianMarkdown(report: SnapshotReportDto, t: Translate): string {
  const { vcenter, at, snapshots, snapshotCount, toConsolidate, datastores } = report;
  const hidden = snapshotCount - snapshots.length;
  const blocks = [
    `# ${markdownText(t('Snapshots on {0}', vcenter))}`,
    markdownText(
      needsLook(report)
        ? t('As of {0}: {1}.', formatMoment(at), summary(report, t).join(', '))
        : t('As of {0}: nothing was left behind, and nothing old is there.', formatMoment(at)),
    ),
    ...(snapshots.length === 0
      ? []
      : [
          markdownTable(
            [t('VM'), t('Snapshot'), t('Age'), t('Grown'), t('A day'), t('What it is')],
            snapshots.map(snapshot =>
              [
                snapshot.vm.name,
                snapshot.name,
                formatLongDuration(snapshot.ageMs),
                snapshot.writtenBytes === undefined ? '' : formatBytes(snapshot.writtenBytes),
                snapshot.bytesPerDay === undefined ? '' : formatBytes(snapshot.bytesPerDay),
                verdictText(snapshot, t),
              ].map(markdownText),
            ),
          ),
        ]),
    ...(hidden > 0 ? [markdownText(t('{0} more are not shown', hidden))] : []),
    ...toConsolidate.map(entry => markdownText(`${entry.vm.name}: ${consolidationText(entry, t)}`)),
    ...datastores
      .filter(({ fullInMs }) => fullInMs < 365 * dayMs)
      .map(datastore => markdownText(`${datastore.name}: ${forecastText(datastore, t)}`)),
    markdownText(
      t(
        'A snapshot of another installation is removed only once it has expired and you agree. One of a person or another product is never touched: remove it in the vSphere client if nobody needs it.',
      ),
    ),
  ];
  return `${blocks.join('\n\n')}\n`;
}

export function expiredSnapshots({ snapshots }: SnapshotReportDto): readonly GuardedSnapshotDto[] {
  return snapshots.filter(({ verdict }) => verdict === 'expired');
}

/** One line for a question about a snapshot. */
export function snapshotLine(snapshot: GuardedSnapshotDto, t: Translate): string {
  return `${snapshot.vm.name}: ${snapshot.name}, ${verdictText(snapshot, t)}`;
}

function summary({ snapshots, toConsolidate, datastores }: SnapshotReportDto, t: Translate): string[] {
  const count = (...verdicts: readonly GuardedSnapshotDto['verdict'][]) =>
    snapshots.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const counts: readonly (readonly [number, (count: number) => string])[] = [
    [count('orphan'), n => t('{0} left behind', n)],
    [count('expired'), n => t('{0} left behind by others', n)],
    [count('other'), n => t('{0} of other installations', n)],
    [count('old'), n => t('{0} old', n)],
    [toConsolidate.length, n => t('{0} to consolidate', n)],
    [datastores.filter(isSoonFull).length, n => t('{0} soon full', n)],
  ];
  return counts.flatMap(([n, text]) => (n === 0 ? [] : [text(n)]));
}

function verdictText({ verdict, owner }: GuardedSnapshotDto, t: Translate): string {
  const texts: Readonly<Record<GuardedSnapshotDto['verdict'], string>> = {
    live: t('of a running backup'),
    orphan: t('ours, left behind: it is removed'),
    other: t('of another installation, valid until {0}', momentOf(owner?.expiresAt)),
    expired: t('of another installation, expired {0}', momentOf(owner?.expiresAt)),
    old: t('old, of no backup of Quiesce'),
  };
  return texts[verdict];
}

function momentOf(moment: string | undefined): string {
  return moment === undefined ? '' : formatMoment(moment);
}

function grownText({ writtenBytes, bytesPerDay }: GuardedSnapshotDto, t: Translate): readonly string[] {
  if (writtenBytes === undefined) return [];
  return [
    bytesPerDay === undefined
      ? t('grown {0}', formatBytes(writtenBytes))
      : t('grown {0}, {1} a day', formatBytes(writtenBytes), formatBytes(bytesPerDay)),
  ];
}

function consolidationText(
  { unneededBytes }: SnapshotReportDto['toConsolidate'][number],
  t: Translate,
): string {
  return unneededBytes === undefined || unneededBytes === 0
    ? t('disks need consolidation')
    : t('disks need consolidation, {0} that no snapshot needs', formatBytes(unneededBytes));
}

function forecastText({ freeBytes, bytesPerDay, fullInMs }: DatastoreForecastDto, t: Translate): string {
  return t(
    '{0} left, snapshots grow {1} a day: full in {2}',
    formatBytes(freeBytes),
    formatBytes(bytesPerDay),
    formatLongDuration(fullInMs),
  );
}

function isWarning({ verdict }: GuardedSnapshotDto): boolean {
  return verdict !== 'live';
}

function isSoonFull({ fullInMs }: DatastoreForecastDto): boolean {
  return fullInMs < soonMs;
}
