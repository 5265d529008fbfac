import { l10n } from 'vscode';

import { startCheck } from '../../protocol/job.ts';
import type { Host } from '../host.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chooseRepository } from './choose.ts';
import { startJob } from './jobs.ts';

interface Check {
  readonly repository: string;
  readonly readData: boolean;
}

/** Starts a check; the editor does not wait for it. */
export async function checkRepository(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Check Repository');
  const steps: readonly Step<Check>[] = [
    async (_, ask) => ({
      repository:
        row?.kind === 'repository'
          ? row.name
          : await chooseRepository(host, ask, title, l10n.t('Repository to check')),
    }),
    async ({ repository = '' }, ask) => ({
      readData: await ask.pick({
        title,
        placeholder: l10n.t('How much of {0} shall be read?', repository),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve([
            {
              label: l10n.t('Quick'),
              detail: l10n.t('Index, packs and folders: whether everything is there'),
              icon: 'checklist',
              value: false,
            },
            {
              label: l10n.t('Read everything'),
              detail: l10n.t('Every byte is read, decrypted and compared with its hash; this takes long'),
              icon: 'book',
              value: true,
            },
          ]),
      }),
    }),
  ];
  const { repository, readData } = await runSteps(host.ui, steps, {});
  await startJob(host, l10n.t('Starting the check of {0}', repository), async signal => {
    await host.places.repository(repository, signal);
    return await host.worker.request(startCheck, { repository, readData }, signal);
  });
}
