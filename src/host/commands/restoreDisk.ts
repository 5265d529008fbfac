import { isAbsolute, join } from 'node:path';
import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startDiskRestore } from '../../protocol/job.ts';
import { type DiskRestoreParams, planDiskRestore } from '../../protocol/plan.ts';
import type { PointDiskDto } from '../../protocol/point.ts';
import type { Host } from '../host.ts';
import { diskRestoreText } from '../model/planText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chooseDisk, type ChosenPoint, pointSteps } from './choose.ts';
import { startJob } from './jobs.ts';

interface DiskRestore extends ChosenPoint {
  readonly disk: PointDiskDto;
  readonly format: DiskRestoreParams['format'];
  readonly targetPath: string;
}

/** Writes a disk of a restore point into a new file, after its plan was shown. */
export async function restoreDisk(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Restore Disk');
  const start = given === undefined ? {} : answeredBy(given);
  const steps: readonly Step<DiskRestore>[] = [
    ...pointSteps(host, title, start),
    async ({ point }, ask) =>
      start.disk === undefined && point !== undefined
        ? { disk: await chooseDisk(host, ask, title, point) }
        : {},
    async (_, ask) => ({
      format: await ask.pick<DiskRestoreParams['format']>({
        title,
        placeholder: l10n.t('Format of the file'),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve([
            {
              label: 'raw',
              detail: l10n.t('The bytes of the disk, sparse: to be mounted or compared'),
              value: 'raw',
            },
            {
              label: 'vmdk',
              detail: l10n.t('streamOptimized, as vSphere and qemu import it'),
              value: 'vmdk',
            },
          ]),
      }),
    }),
    async ({ disk, format = 'raw', targetPath }, ask) => ({
      targetPath: await ask.input({
        title,
        prompt: l10n.t('File to write, which must not exist'),
        value: targetPath ?? join(host.usualTargetFolder(), `disk-${disk?.deviceKey ?? 0}.${format}`),
        browse: 'newFile',
        check: async value =>
          await Promise.resolve(isAbsolute(value) ? undefined : l10n.t('Enter an absolute path')),
      }),
    }),
  ];
  const { point, disk, format, targetPath } = await runSteps(host.ui, steps, start);
  const { repository, point: id } = point;
  const params: DiskRestoreParams = { repository, point: id, deviceKey: disk.deviceKey, format, targetPath };
  const plan = await host.ui.wait(l10n.t('Planning the restore'), async signal => {
    await host.places.repository(params.repository, signal);
    return await host.worker.request(planDiskRestore, params, signal);
  });
  if (!(await host.ui.confirm(diskRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Starting the restore'),
    async signal => await host.worker.request(startDiskRestore, params, signal),
  );
}

function answeredBy(node: PointTreeNode): Partial<DiskRestore> {
  if (node.kind === 'set') return { set: node };
  if (node.kind === 'point') return { point: node.ref };
  return node.kind === 'disk' ? { point: node.ref, disk: node.disk } : {};
}
