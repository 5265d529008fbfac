import { commands, l10n } from 'vscode';

import { AppError, CancelledError } from '../../base/errors.ts';
import { startGuestRestore } from '../../protocol/job.ts';
import { closeLiveGuest, maxLiveFileBytes } from '../../protocol/liveGuest.ts';
import {
  type GuestRestoreItemDto,
  type GuestRestoreParams,
  type GuestRestorePlanDto,
  planGuestRestore,
} from '../../protocol/plan.ts';
import { type PointDto, readPoint } from '../../protocol/point.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { guestUri } from '../guestFileSystem.ts';
import { findLiveVms } from '../findLiveVms.ts';
import type { Host } from '../host.ts';
import type { KnownGuest } from '../knownPlaces.ts';
import { liveUri } from '../liveFile.ts';
import { guestName } from '../model/guestPath.ts';
import { guestRestoreText, liveText, wantedText } from '../model/guestRestoreText.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';
import { askGuestAccount, chooseGuestAccount } from './guestAccounts.ts';
import { startJob } from './jobs.ts';
import { chooseLiveVm } from './liveVm.ts';

interface GuestRestore extends ChosenPaths {
  readonly pointFacts: PointDto;
  readonly vm: VmRef;
}

/** Begins where the row or selection it was called on stands; the plan is shown before anything is written. */
export async function restoreToGuest(
  host: Host,
  given: PointTreeNode | GuestSelection | undefined,
): Promise<void> {
  const title = l10n.t('Restore to Guest');
  const start = given === undefined ? {} : answeredBy(given);
  const steps: readonly Step<GuestRestore>[] = [
    ...guestPathSteps(host, title, start),
    async ({ point }) => (point === undefined ? {} : { pointFacts: await factsOf(host, point) }),
    async ({ pointFacts }, ask) =>
      pointFacts === undefined ? {} : { vm: await chooseLiveVm(host, ask, title, pointFacts) },
  ];
  const chosen = await runSteps<GuestRestore>(host.ui, steps, start);
  const { vm, pointFacts } = chosen;
  const owner = { vm, instanceUuid: pointFacts.vm.instanceUuid };
  let guest = await chooseGuestAccount(host, title, owner);
  for (;;) {
    const params = { ...chosen.volume, paths: chosen.paths, guest };
    const planned = await planFor(host, title, params);
    const next = await decide(host, title, planned);
    if (next === 'restore') {
      await confirmAndStart(host, planned);
      return;
    }
    guest = await askGuestAccount(host, title, owner);
  }
}

/** Lets a kept password go, here and in the worker. */
export async function forgetGuestCredentials(host: Host): Promise<void> {
  const title = l10n.t('Forget Guest Credentials');
  const { known } = await runSteps<{ known: KnownGuest }>(
    host.ui,
    [
      async (_, ask) => ({
        known: await ask.pick({
          title,
          placeholder: l10n.t('Account of a guest'),
          whenEmpty: l10n.t('No account of a guest is kept'),
          choices: async () =>
            await Promise.resolve(
              host.known.guests().map(guest => ({
                label: l10n.t('{0} in the guest of {1}', guest.user, guest.vmName),
                icon: 'vm',
                value: guest,
              })),
            ),
        }),
      }),
    ],
    {},
  );
  await host.credentials.forget(`guest/${known.name}`);
  await host.known.removeGuest(known.name);
  await host.ui.wait(title, async signal => {
    for (const vm of await findLiveVms(host, known.name, signal))
      await host.worker.request(closeLiveGuest, { vm, user: known.user }, signal);
  });
}

async function factsOf(host: Host, point: ChosenPaths['point']): Promise<PointDto> {
  return await host.ui.wait(l10n.t('Reading the restore point'), async signal => {
    await host.places.repository(point.repository, signal);
    return await host.worker.request(readPoint, point, signal);
  });
}

interface Planned {
  readonly params: GuestRestoreParams;
  readonly plan: GuestRestorePlanDto;
}

/** Asks where the guest has the volume only if VMware Tools do not tell. */
async function planFor(host: Host, title: string, params: GuestRestoreParams): Promise<Planned> {
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

type Move = 'restore' | 'account' | { readonly compare: GuestRestoreItemDto };

/** Shows what would be replaced, and its differences as often as somebody wants to see them. */
async function decide(host: Host, title: string, { params, plan }: Planned): Promise<'restore' | 'account'> {
  const replaced = plan.items.filter(({ action, live }) => action === 'replace' && live !== undefined);
  if (replaced.length === 0) return 'restore';
  for (;;) {
    const { move } = await runSteps<{ move: Move }>(
      host.ui,
      [
        async (_, ask) => ({
          move: await ask.pick<Move>({
            title,
            placeholder: l10n.t(
              '{0} files in the guest of {1} would be replaced, as {2}',
              plan.replacedCount,
              plan.vmName,
              plan.user,
            ),
            whenEmpty: '',
            choices: async () =>
              await Promise.resolve([
                {
                  label: l10n.t('Restore…'),
                  detail: l10n.t('Shows the plan first'),
                  icon: 'check',
                  value: 'restore',
                },
                ...replaced.filter(isComparable).map(item => ({
                  label: l10n.t('Show Difference: {0}', guestName(item.guestPath)),
                  description: item.guestPath,
                  detail: `${liveText(item, l10n.t)} → ${wantedText(item, l10n.t)}`,
                  icon: 'diff',
                  value: { compare: item },
                })),
                { label: l10n.t('Use Another Account…'), icon: 'account', value: 'account' },
              ]),
          }),
        }),
      ],
      {},
    );
    if (typeof move === 'string') return move;
    await showDifference(params, plan, move.compare);
  }
}

function isComparable({ live, sizeBytes }: GuestRestoreItemDto): boolean {
  return (live?.sizeBytes ?? Infinity) <= maxLiveFileBytes && sizeBytes <= maxLiveFileBytes;
}

async function showDifference(
  { guest, ...volume }: GuestRestoreParams,
  { vmName }: GuestRestorePlanDto,
  { guestPath, pointPath }: GuestRestoreItemDto,
): Promise<void> {
  const { repository, point, deviceKey, volumeIndex } = volume;
  const inPoint = guestUri({ repository, point, deviceKey, volumeIndex, path: pointPath ?? guestPath });
  const inGuest = liveUri({ ...guest, path: guestPath });
  const title = l10n.t('{0}: in the guest of {1} ↔ restore point', guestName(guestPath), vmName);
  await commands.executeCommand('vscode.diff', inGuest, inPoint, title);
}

async function confirmAndStart(host: Host, { params, plan }: Planned): Promise<void> {
  if (!(await host.ui.confirm(guestRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Starting the restore'),
    async signal => await host.worker.request(startGuestRestore, params, signal),
  );
}
