import { l10n } from 'vscode';

import { unlockVolumes } from '../../protocol/guest.ts';
import { readPoint } from '../../protocol/point.ts';
import type { Host } from '../host.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { type ChosenPoint, pointSteps } from './choose.ts';
import { keepPassword } from './passwords.ts';

interface Unlocking extends ChosenPoint {
  readonly passphrase: string;
}

/** Opens the encrypted volumes of a VM with their passphrase, which is kept for its other restore points. */
export async function unlockEncryptedVolumes(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Unlock Encrypted Volumes');
  const steps: readonly Step<Unlocking>[] = [
    ...pointSteps(host, title, answeredBy(given)),
    async ({ point = answeredBy(given).point }, ask) => ({
      ...(point !== undefined && { point }),
      passphrase: await ask.input({
        title,
        prompt: l10n.t('Passphrase, as the guest asks for it when it starts'),
        isPassword: true,
        check: async (passphrase, signal) => {
          if (point === undefined) return undefined;
          await host.places.repository(point.repository, signal);
          await host.worker.request(unlockVolumes, { ...point, passphrase }, signal);
          return undefined;
        },
      }),
    }),
  ];
  const { point, passphrase } = await runSteps(host.ui, steps, {});
  await host.ui.wait(l10n.t('Unlocking'), async signal => {
    const { vm } = await host.worker.request(readPoint, point, signal);
    await keepPassword(host, `volumes/${vm.instanceUuid}`, passphrase);
  });
  host.refresh();
}

function answeredBy(given: PointTreeNode | undefined): Partial<ChosenPoint> {
  if (given?.kind === 'set') return { set: given };
  if (given?.kind !== 'point' && given?.kind !== 'disk' && given?.kind !== 'volume') return {};
  const { repository, point } = given.ref;
  return { point: { repository, point } };
}
