import { l10n } from 'vscode';

import { startBackup, startSnapshot } from '../../protocol/job.ts';
import type { ConsistencyPolicyDto } from '../../protocol/plan.ts';
import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { policyChoices, quiescedOrAsk } from '../model/backupPolicies.ts';
import { formatMoment } from '../model/time.ts';
import { vmRef, type VmNode } from '../model/vmTreeModel.ts';
import { readNbd, readTransport, readWholeReads } from '../settings.ts';
import { type Ask, runSteps, type Step } from '../ui/wizard.ts';
import { chooseRepository, chooseVm } from './choose.ts';
import { startJob } from './jobs.ts';
import { decideKit } from './decideKit.ts';
import { required } from './vcenters.ts';

interface Backup {
  readonly vms: readonly VmNode[];
  readonly repository: string;
  readonly policy: ConsistencyPolicyDto;
}

/** Starts a backup of each VM; the editor does not wait for them. */
export async function backUpNow(host: Host, given: readonly VmNode[]): Promise<void> {
  const title = l10n.t('Back Up Now');
  const steps: readonly Step<Backup>[] = [
    async (_, ask) => ({ vms: given.length > 0 ? given : [await chooseVm(host, ask, title)] }),
    async (_, ask) => ({
      repository: await chooseRepository(host, ask, title, l10n.t('Repository for the restore point')),
    }),
    async ({ vms = [] }, ask) => ({ policy: await choosePolicy(ask, title, vms) }),
  ];
  const { vms, repository, policy } = await runSteps(host.ui, steps, {});
  await decideKit(host, repository);
  for (const node of vms) {
    await startJob(host, l10n.t('Starting the backup of {0}', node.vm.name), async signal => {
      await host.places.vcenter(node.vcenter, signal);
      await host.places.repository(repository, signal);
      const wholeReads = readWholeReads();
      const transport = readTransport();
      const nbd = readNbd();
      const params = {
        ...{ vm: vmRef(node), repository, policy },
        ...(wholeReads !== undefined && { wholeReads }),
        ...(transport !== undefined && { transport }),
        ...(nbd !== undefined && { nbd }),
      };
      return await host.worker.request(startBackup, params, signal);
    });
  }
}

export async function choosePolicy(
  ask: Ask,
  title: string,
  nodes: readonly VmNode[],
): Promise<ConsistencyPolicyDto> {
  const vms = nodes.map(({ vm }) => vm);
  // A VM that is off is at rest already.
  if (vms.every(({ powerState }) => powerState !== 'poweredOn')) return quiescedOrAsk;
  const names = vms.map(({ name }) => name).join(', ');
  return await ask.pick({
    title,
    placeholder: l10n.t('How consistent shall the restore point of {0} be?', names),
    whenEmpty: '',
    choices: async () => await Promise.resolve(policyChoices(vms, l10n.t)),
  });
}

/** Takes a snapshot that stays until somebody removes it. */
export async function takeQuiescedSnapshot(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Take Quiesced Snapshot');
  const steps: readonly Step<{ vm: VmRef; name: string }>[] = [
    async (_, ask) => ({ vm: vmRef(given ?? (await chooseVm(host, ask, title))) }),
    async (draft, ask) => ({
      name: await ask.input({
        title,
        prompt: l10n.t('Name of the snapshot of {0}. It stays until you remove it', draft.vm?.name ?? ''),
        value: draft.name ?? l10n.t('Quiesced {0}', formatMoment(host.clock.now().toISOString())),
        check: async value => await required(value, l10n.t('Enter a name')),
      }),
    }),
  ];
  const { vm, name } = await runSteps(host.ui, steps, {});
  await startJob(host, l10n.t('Starting the snapshot of {0}', vm.name), async signal => {
    await host.places.vcenter(vm.vcenter, signal);
    const params = { vm, name, description: l10n.t('Taken in the editor by Quiesce'), policy: quiescedOrAsk };
    return await host.worker.request(startSnapshot, params, signal);
  });
}
