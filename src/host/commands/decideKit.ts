import { isAbsolute } from 'node:path';
import { l10n } from 'vscode';

import {
  confirmRecoveryKit,
  declineRecoveryKit,
  type KitState,
  makeRecoveryKit as kitRequest,
  readKitState,
} from '../../protocol/maintenance.ts';
import type { Host } from '../host.ts';
import type { Choice } from '../ui/ui.ts';
import { runSteps, type Step } from '../ui/wizard.ts';

interface KitDecision {
  readonly how: 'make' | 'enter' | 'decline';
  readonly path: string;
  readonly password: string;
}

/** Before the first backup into a repository: its recovery kit is entered as printed, or somebody goes without one. */
export async function decideKit(host: Host, repository: string): Promise<void> {
  const state = await host.ui.wait(l10n.t('Looking at the keys of {0}', repository), async signal => {
    await host.places.repository(repository, signal);
    return await host.worker.request(readKitState, { repository }, signal);
  });
  if (state.isDecided) return;
  const title = l10n.t('Recovery Kit of {0}', repository);
  const askHow: Step<KitDecision> = async (_, ask) => ({
    how: await ask.pick({
      title,
      placeholder: l10n.t(
        'Without its recovery kit nobody can read the repository once its password is lost',
      ),
      whenEmpty: '',
      choices: async () => await Promise.resolve(kitChoices(state)),
    }),
  });
  const enterStep: Step<KitDecision> = async (_, ask) => ({
    password: await ask.input({
      title,
      prompt: l10n.t('Password on the printed page, to prove that it can be read'),
      isPassword: true,
      check: async (password, signal) => {
        await host.worker.request(confirmRecoveryKit, { repository, password }, signal);
        return undefined;
      },
    }),
  });
  const stepsOf = ({ how }: Partial<KitDecision>): readonly Step<KitDecision>[] => {
    if (how === undefined || how === 'decline') return [askHow];
    return how === 'enter' ? [askHow, enterStep] : [askHow, pageStep(host, repository, title), enterStep];
  };
  const { how } = await runSteps(host.ui, stepsOf, {});
  if (how !== 'decline') return;
  await host.ui.wait(title, async signal => {
    await host.worker.request(declineRecoveryKit, { repository }, signal);
  });
}

function kitChoices({ hasKit }: KitState): readonly Choice<KitDecision['how']>[] {
  const enter: Choice<KitDecision['how']> = {
    label: l10n.t('Enter the printed recovery kit'),
    icon: 'key',
    value: 'enter',
  };
  return [
    ...(hasKit ? [enter] : []),
    {
      label: l10n.t('Make a recovery kit'),
      detail: l10n.t('A page to be printed, with a password of its own, which is then asked for'),
      icon: 'file',
      value: 'make',
    },
    {
      label: l10n.t('Go without a recovery kit'),
      detail: l10n.t('That is written down in the repository'),
      icon: 'circle-slash',
      value: 'decline',
    },
  ];
}

/** Asks where the page of a recovery kit is to be, and makes it. */
export function pageStep<Draft extends { readonly path: string }>(
  host: Host,
  repository: string,
  title: string,
): Step<Draft> {
  return async (_, ask) =>
    ({
      path: await ask.input({
        title,
        prompt: l10n.t('New HTML file for the page. Print it, keep it elsewhere, and delete the file'),
        placeholder: l10n.t('Absolute path on the machine where the worker runs'),
        browse: 'newFile',
        check: async (path, signal) => {
          if (!isAbsolute(path.trim())) return l10n.t('Enter an absolute path');
          await host.places.repository(repository, signal);
          await host.worker.request(kitRequest, { repository, path: path.trim() }, signal);
          return undefined;
        },
      }),
    }) as Partial<Draft>;
}
