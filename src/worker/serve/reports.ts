import { setImmediate as nextTurn } from 'node:timers/promises';

import type { InventoryRow } from '../../core/inventory/inventoryModel.ts';
import {
  type AssessedVm,
  assessedVm,
  reportMarkdown,
  reportValue,
} from '../../core/jobs/report/consistencyReport.ts';
import { readConsistencyReport } from '../../protocol/report.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { toWireError } from '../../protocol/wireError.ts';
import type { WorkerParts } from '../workerParts.ts';
import { standingsIn } from './goals.ts';

/** More would keep everybody else waiting while they are judged. */
const turnRows = 200;

export function serveReports(handle: Handle, parts: WorkerParts): void {
  const { vcenters, clock } = parts;
  handle(readConsistencyReport, async ({ vcenter }, signal) => {
    await using used = vcenters.use(vcenter);
    const rows = await used.place.inventory.rows(signal);
    const { standings, problems } = await standingsIn(parts, used.place, rows, signal);
    const { server } = used.place.session;
    const report = {
      ...{ server, madeAt: clock.now(), asOf: oldest(rows), standings },
      vms: await assessedVms(rows, signal),
    };
    const json = `${JSON.stringify(reportValue(report), undefined, 2)}\n`;
    return { server, markdown: reportMarkdown(report), json, problems: problems.map(toWireError) };
  });
}

async function assessedVms(
  rows: readonly InventoryRow[],
  signal: AbortSignal,
): Promise<readonly AssessedVm[]> {
  const vms: AssessedVm[] = [];
  for (const row of rows.toSorted((one, other) => (one.inventoryPath < other.inventoryPath ? -1 : 1))) {
    if (vms.length % turnRows === turnRows - 1) await nextTurn(undefined, { signal });
    vms.push(assessedVm(row));
  }
  return vms;
}

function oldest(rows: readonly InventoryRow[]): Date | undefined {
  return rows
    .flatMap(({ asOf }) => (asOf === undefined ? [] : [asOf]))
    .toSorted((one, other) => one.getTime() - other.getTime())[0];
}
