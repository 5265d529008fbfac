import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import {
  type ForgetRulesDto,
  planForget,
  startForget,
  startPrune,
  unlockRepository as unlockRequest,
} from '../../protocol/maintenance.ts';
import type { Host } from '../host.ts';
import { forgetText, lockText, parseForgetRules } from '../model/maintenanceText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chooseRepository } from './choose.ts';
import { pageStep } from './decideKit.ts';
import { startJob } from './jobs.ts';

interface Forgetting {
  readonly repository: string;
  readonly rules: ForgetRulesDto;
}

/** Two weeks day by day, two months week by week, a year month by month, and the newest three in any case. */
const usualRules = '3 14 8 12 0';

/** Shows what the rules would forget, and forgets exactly that; on the row of a VM only of that VM. */
export async function forgetPoints(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Forget Restore Points');
  const steps: readonly Step<Forgetting>[] = [
    async (_, ask) => ({
      repository: repositoryOf(row) ?? (await chooseRepository(host, ask, title, l10n.t('Repository'))),
    }),
    async (_, ask) => ({
      rules: parseForgetRules(
        await ask.input({
          title,
          prompt: l10n.t('How many of each VM to keep: newest, daily, weekly, monthly, yearly'),
          value: usualRules,
          check: async text => {
            await Promise.resolve(parseForgetRules(text, l10n.t));
            return undefined;
          },
        }),
        l10n.t,
      ),
    }),
  ];
  const { repository, rules } = await runSteps(host.ui, steps, {});
  const vm = row?.kind === 'set' ? row.set.vmInstanceUuid : undefined;
  const plan = await host.ui.wait(l10n.t('Looking at the restore points'), async signal => {
    await host.places.repository(repository, signal);
    const params = { repository, rules, ...(vm !== undefined && { vm }) };
    return await host.worker.request(planForget, params, signal);
  });
  const points = plan.vms.flatMap(({ forgotten }) => forgotten.map(({ id }) => id));
  if (points.length === 0) {
    await host.ui.tell('info', l10n.t('These rules keep all restore points'), []);
    return;
  }
  if (!(await host.ui.confirm(forgetText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Forgetting restore points of {0}', repository),
    async signal => await host.worker.request(startForget, { repository, points }, signal),
  );
}

/** Starts a prune; the editor does not wait for it. */
export async function pruneRepository(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const repository = await chosenRepository(host, row, l10n.t('Prune Repository'));
  const isSure = await host.ui.confirm({
    question: l10n.t('Prune the repository {0}?', repository),
    lines: [
      l10n.t('What no restore point needs is removed. Restore points stay as they are.'),
      l10n.t('At its end the repository is kept from others for a while; running backups are waited for.'),
    ],
    action: l10n.t('Prune'),
  });
  if (!isSure) throw new CancelledError();
  await startJob(host, l10n.t('Starting the prune of {0}', repository), async signal => {
    await host.places.repository(repository, signal);
    return await host.worker.request(startPrune, { repository }, signal);
  });
}

/** Never removes the lock of somebody who lives, so that nobody need be asked. */
export async function unlockRepository(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const repository = await chosenRepository(host, row, l10n.t('Unlock Repository'));
  const result = await host.ui.wait(l10n.t('Looking at the locks of {0}', repository), async signal => {
    await host.places.repository(repository, signal);
    return await host.worker.request(unlockRequest, { repository }, signal);
  });
  await host.ui.tell('info', lockText(result, l10n.t), []);
}

/** A page to be printed, with a password of its own. */
export async function makeRecoveryKit(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Make Recovery Kit');
  const repository = await chosenRepository(host, row, title);
  const { path } = await runSteps<{ path: string }>(host.ui, [pageStep(host, repository, title)], {});
  await host.ui.tell(
    'warning',
    l10n.t('The recovery kit is in {0}: it opens the repository. Print it, and delete the file', path.trim()),
    [],
  );
}

/** The repository of the row, else one that is asked for. */
export async function chosenRepository(
  host: Host,
  row: PointTreeNode | undefined,
  title: string,
): Promise<string> {
  const given = repositoryOf(row);
  if (given !== undefined) return given;
  const steps: readonly Step<{ repository: string }>[] = [
    async (_, ask) => ({ repository: await chooseRepository(host, ask, title, l10n.t('Repository')) }),
  ];
  return (await runSteps(host.ui, steps, {})).repository;
}

function repositoryOf(row: PointTreeNode | undefined): string | undefined {
  if (row?.kind === 'repository') return row.name;
  return row?.kind === 'set' ? row.repository : undefined;
}
