import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startVmRestore } from '../../protocol/job.ts';
import { planVmRestore, type VmRestoreParams } from '../../protocol/plan.ts';
import type { PointRef } from '../../protocol/point.ts';
import type { Host } from '../host.ts';
import { vmRestoreText } from '../model/planText.ts';
import type { BackupSetNode, PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chooseBackupSet, choosePoint } from './choose.ts';
import { startJob } from './jobs.ts';
import { required } from './vcenters.ts';

interface VmRestore {
  readonly set: BackupSetNode;
  readonly point: PointRef;
  readonly vcenter: string;
  readonly name: string;
}

/** Makes a new VM of a restore point; the plan with every difference from the original is shown first. */
export async function restoreVm(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Restore VM');
  const start = given === undefined ? {} : answeredBy(given);
  const steps: readonly Step<VmRestore>[] = [
    async (_, ask) =>
      start.set === undefined && start.point === undefined
        ? { set: await chooseBackupSet(host, ask, title) }
        : {},
    async ({ set }, ask) =>
      start.point === undefined && set !== undefined ? { point: await choosePoint(ask, title, set) } : {},
    async (_, ask) => {
      const [only, ...others] = host.known.vcenters();
      if (only !== undefined && others.length === 0) return { vcenter: only.name };
      return {
        vcenter: await ask.pick({
          title,
          placeholder: l10n.t('vCenter for the new VM'),
          whenEmpty: l10n.t('No vCenter has been added'),
          choices: async () =>
            await Promise.resolve(
              host.known.vcenters().map(({ name, url }) => ({ label: name, detail: url, value: name })),
            ),
        }),
      };
    },
    async (draft, ask) => ({
      name: await ask.input({
        title,
        prompt: l10n.t('Name of the new VM. The original is not touched'),
        value: draft.name ?? '',
        check: async (name, signal) => {
          const problem = await required(name, l10n.t('Enter a name'));
          // A name that is taken, or a place that does not exist, is told while it can still be changed.
          if (problem === undefined) await planFor(host, { ...draft, name }, signal);
          return problem;
        },
      }),
    }),
  ];
  const answers = await runSteps(host.ui, steps, start);
  const plan = await host.ui.wait(
    l10n.t('Planning the restore'),
    async signal => await planFor(host, answers, signal),
  );
  if (!(await host.ui.confirm(vmRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Starting the restore'),
    async signal => await host.worker.request(startVmRestore, paramsOf(answers), signal),
  );
}

async function planFor(host: Host, answers: Partial<VmRestore>, signal: AbortSignal) {
  const params = paramsOf(answers);
  await host.places.repository(params.repository, signal);
  await host.places.vcenter(params.vcenter, signal);
  return await host.worker.request(planVmRestore, params, signal);
}

/** The place the VM had, its own networks, and cards that stay disconnected: safe beside the original. */
function paramsOf({ point, vcenter = '', name = '' }: Partial<VmRestore>): VmRestoreParams {
  const { repository = '', point: id = '' } = point ?? {};
  return { repository, point: id, vcenter, name: name.trim(), networks: [], connectNetworks: false };
}

function answeredBy(node: PointTreeNode): Partial<VmRestore> {
  if (node.kind === 'set') return { set: node };
  return node.kind === 'point' ? { point: node.ref } : {};
}
