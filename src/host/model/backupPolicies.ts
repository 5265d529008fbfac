import type { ConsistencyPolicyDto } from '../../protocol/plan.ts';
import type { VmDto } from '../../protocol/vm.ts';
import type { Choice } from '../ui/ui.ts';
import type { Translate } from './nodeView.ts';
import { predictionText } from './prediction.ts';

/** Also for VMs that are off, of which nothing is asked. */
export const quiescedOrAsk: ConsistencyPolicyDto = {
  wanted: 'application',
  minimum: 'filesystem',
  onShortfall: 'ask',
};

/** How consistent a restore point shall be, the usual one first; with what is predicted where that is of one VM. */
export function policyChoices(vms: readonly VmDto[], t: Translate): readonly Choice<ConsistencyPolicyDto>[] {
  const [only, another] = vms;
  const predicted = only !== undefined && another === undefined ? only.predicted : undefined;
  return [
    {
      label: t('Quiesced'),
      ...(predicted !== undefined && { description: predictionText(predicted, t) }),
      detail: t(
        'VMware Tools bring the guest to rest as well as they can; you are asked if they cannot at all',
      ),
      icon: 'debug-pause',
      value: quiescedOrAsk,
    },
    {
      label: t('Application-consistent'),
      ...(predicted !== undefined &&
        predicted.level !== 'application' && { description: t('predicted to be out of reach') }),
      detail: t('Applications bring their files to rest too; you are asked if they do not'),
      icon: 'shield',
      value: { wanted: 'application', minimum: 'application', onShortfall: 'ask' },
    },
    {
      label: t('Quiesced if possible'),
      detail: t('If the guest cannot be brought to rest, the restore point is crash-consistent and says so'),
      icon: 'debug-step-over',
      value: { wanted: 'application', minimum: 'filesystem', onShortfall: 'step-down' },
    },
    {
      label: t('Crash-consistent'),
      detail: t('As after a power failure: the guest is not asked'),
      icon: 'circle-large-outline',
      value: { wanted: 'crash', minimum: 'crash', onShortfall: 'fail' },
    },
  ];
}
