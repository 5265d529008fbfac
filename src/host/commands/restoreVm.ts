import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startVmRestore } from '../../protocol/job.ts';
import {
  listPlacements,
  type PlacementsDto,
  planVmRestore,
  type VmRestoreParams,
} from '../../protocol/plan.ts';
import type { Host } from '../host.ts';
import { vmRestoreText } from '../model/planText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { type ChosenPoint, pointSteps } from './choose.ts';
import { startJob } from './jobs.ts';
import { type Placement, placementSteps } from './vmPlacement.ts';
import { required } from './vcenters.ts';

interface VmRestore extends ChosenPoint, Placement {
  readonly vcenter: string;
  readonly placements: PlacementsDto;
  readonly name: string;
}

/** Makes a new VM of a restore point; the plan with every difference from the original is shown first. */
export async function restoreVm(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Restore VM');
  const start = given === undefined ? {} : answeredBy(given);
  const before = sourceSteps(host, title, start);
  const after = nameStep(host, title);
  const stepsOf = ({ placements }: Partial<VmRestore>): readonly Step<VmRestore>[] => [
    ...before,
    ...(placements === undefined ? [] : placementSteps(title, placements)),
    after,
  ];
  const answers = await runSteps(host.ui, stepsOf, start);
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

/** What is restored, and to which server; ends with what that server offers. */
function sourceSteps(host: Host, title: string, start: Partial<VmRestore>): readonly Step<VmRestore>[] {
  return [
    ...pointSteps(host, title, start),
    async (draft, ask) => {
      const [only, ...others] = host.known.vcenters();
      if (only !== undefined && others.length === 0) return { vcenter: only.name };
      return {
        vcenter: await ask.pick({
          title,
          placeholder: l10n.t('vCenter for the new VM'),
          whenEmpty: l10n.t('No vCenter has been added'),
          choices: async () =>
            await Promise.resolve(
              host.known.vcenters().map(({ name, url }) => ({
                ...{ label: name, detail: url, isPreselected: name === draft.vcenter, value: name },
              })),
            ),
        }),
      };
    },
    async ({ point, vcenter = '' }) => ({
      placements: await host.ui.wait(l10n.t('Reading what {0} offers', vcenter), async signal => {
        const { repository = '', point: id = '' } = point ?? {};
        await host.places.repository(repository, signal);
        await host.places.vcenter(vcenter, signal);
        return await host.worker.request(listPlacements, { repository, point: id, vcenter }, signal);
      }),
    }),
  ];
}

/** The last question: now that the place is known, a name that is taken there is told while it can be changed. */
function nameStep(host: Host, title: string): Step<VmRestore> {
  return async (draft, ask) => ({
    name: await ask.input({
      title,
      prompt: l10n.t('Name of the new VM. The original is not touched'),
      value: draft.name ?? l10n.t('{0}-restored', draft.placements?.originalName ?? ''),
      check: async (name, signal) => {
        const problem = await required(name, l10n.t('Enter a name'));
        if (problem === undefined) await planFor(host, { ...draft, name }, signal);
        return problem;
      },
    }),
  });
}

async function planFor(host: Host, answers: Partial<VmRestore>, signal: AbortSignal) {
  const params = paramsOf(answers);
  await host.places.repository(params.repository, signal);
  await host.places.vcenter(params.vcenter, signal);
  return await host.worker.request(planVmRestore, params, signal);
}

function paramsOf(answers: Partial<VmRestore>): VmRestoreParams {
  const { point, vcenter = '', name = '', folder, resourcePool, datastore } = answers;
  const { repository = '', point: id = '' } = point ?? {};
  return {
    ...{ repository, point: id, vcenter, name: name.trim() },
    ...(folder !== undefined && { folder }),
    ...(resourcePool !== undefined && { resourcePool }),
    ...(datastore !== undefined && { datastore }),
    networks: Object.entries(answers.networks ?? {}).flatMap(([from, to]) =>
      from === to ? [] : [{ from, to }],
    ),
    connectNetworks: answers.connectNetworks ?? false,
  };
}

function answeredBy(node: PointTreeNode): Partial<VmRestore> {
  if (node.kind === 'set') return { set: node };
  return node.kind === 'point' ? { point: node.ref } : {};
}
