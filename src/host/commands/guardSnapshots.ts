import { commands, l10n } from 'vscode';

import { startGuard } from '../../protocol/job.ts';
import { readSnapshotReport } from '../../protocol/snapshotReport.ts';
import type { Host } from '../host.ts';
import { expiredSnapshots, guardianMarkdown, snapshotLine } from '../model/guardianModel.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import { startJob } from './jobs.ts';
import { chooseKnownVCenter } from './vcenters.ts';

/** Shows whose the snapshots of a vCenter are and what grows, and removes what other installations left, if wanted. */
export async function guardSnapshots(host: Host, given: VmTreeNode | undefined): Promise<void> {
  const { t } = l10n;
  const vcenter = vcenterOf(given) ?? (await chooseKnownVCenter(host, t('Guard Snapshots')));
  const report = await host.ui.wait(t('Looking at the snapshots on {0}', vcenter), async signal => {
    await host.places.vcenter(vcenter, signal);
    return await host.worker.request(readSnapshotReport, { vcenter }, signal);
  });
  const uri = host.pages.show(`${t('Snapshots on {0}', vcenter)}.md`, guardianMarkdown(report, t));
  await commands.executeCommand('markdown.showPreview', uri);
  const expired = expiredSnapshots(report);
  if (expired.length === 0) return;
  const isAgreed = await host.ui.confirm({
    question: t('Remove snapshots that other installations have left behind?'),
    lines: expired.map(snapshot => snapshotLine(snapshot, t)),
    action: t('Remove'),
  });
  if (!isAgreed) return;
  const tokens = expired.flatMap(({ owner }) => owner?.token ?? []);
  await startJob(
    host,
    t('Removing snapshots'),
    async signal => await host.worker.request(startGuard, { expired: tokens }, signal),
  );
}

function vcenterOf(row: VmTreeNode | undefined): string | undefined {
  if (row?.kind === 'vcenter') return row.name;
  return row?.kind === 'guardian' || row?.kind === 'guarded' ? row.vcenter : undefined;
}
