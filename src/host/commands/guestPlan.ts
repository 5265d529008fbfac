import { commands, l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { maxLiveFileBytes } from '../../protocol/liveGuest.ts';
import {
  type GuestRestoreItemDto,
  type GuestRestoreParams,
  type GuestRestorePlanDto,
  planGuestRestore,
} from '../../protocol/plan.ts';
import { type PointDto, type PointRef, readPoint } from '../../protocol/point.ts';
import { guestUri } from '../guestFileSystem.ts';
import type { Host } from '../host.ts';
import { liveUri } from '../liveFile.ts';
import { guestName } from '../model/guestPath.ts';
import { runSteps, type Step } from '../ui/wizard.ts';

export async function factsOf(host: Host, point: PointRef): Promise<PointDto> {
  return await host.ui.wait(l10n.t('Reading the restore point'), async signal => {
    await host.places.repository(point.repository, signal);
    return await host.worker.request(readPoint, point, signal);
  });
}

export interface Planned {
  readonly params: GuestRestoreParams;
  readonly plan: GuestRestorePlanDto;
}

/** Asks where the guest has the volume only if VMware Tools do not tell. */
export async function planFor(host: Host, title: string, params: GuestRestoreParams): Promise<Planned> {
  const request = async (asked: GuestRestoreParams): Promise<Planned> =>
    await host.ui.wait(l10n.t('Planning the restore'), async signal => {
      await host.places.repository(asked.repository, signal);
      return { params: asked, plan: await host.worker.request(planGuestRestore, asked, signal) };
    });
  try {
    return await request(params);
  } catch (error) {
    if (!AppError.is(error, 'INVALID_INPUT') || error.object !== 'mount') throw error;
    const steps: readonly Step<{ readonly mountPath: string }>[] = [
      async (_, ask) => ({
        mountPath: await ask.input({
          title,
          prompt: l10n.t('{0}. At which path is it?', error.message),
          value: '/',
          check: async value =>
            await Promise.resolve(value.startsWith('/') ? undefined : l10n.t('Enter an absolute path')),
        }),
      }),
    ];
    const { mountPath } = await runSteps(host.ui, steps, {});
    return await request({ ...params, mountPath });
  }
}

export function isComparable({ live, sizeBytes }: GuestRestoreItemDto): boolean {
  return (live?.sizeBytes ?? Infinity) <= maxLiveFileBytes && sizeBytes <= maxLiveFileBytes;
}

export async function showDifference(
  host: Pick<Host, 'clock'>,
  { guest, ...volume }: GuestRestoreParams,
  { vmName }: GuestRestorePlanDto,
  { guestPath, pointPath }: GuestRestoreItemDto,
): Promise<void> {
  const { repository, point, deviceKey, volumeIndex } = volume;
  const inPoint = guestUri({ repository, point, deviceKey, volumeIndex, path: pointPath ?? guestPath });
  const inGuest = liveUri({ ...guest, path: guestPath }, host.clock.now());
  const title = l10n.t('{0}: in the guest of {1} ↔ restore point', guestName(guestPath), vmName);
  await commands.executeCommand('vscode.diff', inGuest, inPoint, title);
}
