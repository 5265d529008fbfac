import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startGuestRestore } from '../../protocol/job.ts';
import { closeLiveGuest } from '../../protocol/liveGuest.ts';
import type { GuestRestoreItemDto } from '../../protocol/plan.ts';
import type { PointDto } from '../../protocol/point.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { findLiveVms } from '../findLiveVms.ts';
import type { Host } from '../host.ts';
import type { KnownGuest } from '../knownPlaces.ts';
import { guestName } from '../model/guestPath.ts';
import { guestRestoreText, liveText, wantedText } from '../model/guestRestoreText.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';
import { askGuestAccount, chooseGuestAccount } from './guestAccounts.ts';
import { factsOf, isComparable, type Planned, planFor, showDifference } from './guestPlan.ts';
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
    if ((await decide(host, title, planned)) === 'restore') {
      await startRestore(host, planned);
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

/** Shows the plan; what would be replaced can be compared first, as often as somebody wants to. */
async function decide(host: Host, title: string, planned: Planned): Promise<'restore' | 'account'> {
  const text = guestRestoreText(planned.plan, l10n.t);
  const replaced = planned.plan.items.filter(
    ({ action, live }) => action === 'replace' && live !== undefined,
  );
  for (;;) {
    const answer =
      replaced.length === 0
        ? (await host.ui.confirm(text)) && 'action'
        : await host.ui.decide(text, l10n.t('Compare First…'));
    if (answer === 'action') return 'restore';
    if (answer !== 'other') throw new CancelledError();
    if ((await compare(host, title, planned, replaced)) === 'account') return 'account';
  }
}

type Move = 'restore' | 'account' | { readonly compare: GuestRestoreItemDto };

async function compare(
  host: Host,
  title: string,
  { params, plan }: Planned,
  replaced: readonly GuestRestoreItemDto[],
): Promise<'restore' | 'account'> {
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
    await showDifference(host, params, plan, move.compare);
  }
}

async function startRestore(host: Host, { params }: Planned): Promise<void> {
  await startJob(
    host,
    l10n.t('Starting the restore'),
    async signal => await host.worker.request(startGuestRestore, params, signal),
  );
}
