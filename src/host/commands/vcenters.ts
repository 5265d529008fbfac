import { l10n } from 'vscode';

import { AppError, toAppError } from '../../base/errors.ts';
import { readFingerprint } from '../../protocol/vcenter.ts';
import type { Host } from '../host.ts';
import { freeName, type KnownVCenter } from '../knownPlaces.ts';
import { sentence } from '../model/errorText.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { keepPassword } from './passwords.ts';

interface NewVCenter extends KnownVCenter {
  readonly password: string;
}

/**
 * Address, fingerprint, user, password; the last one logs in, so that what is added works.
 * @param given  the row of one that is known, for instance because its certificate has changed
 */
export async function addVCenter(host: Host, given?: VmTreeNode): Promise<void> {
  const title = l10n.t('Add vCenter');
  const former = host.known.vcenters().find(({ name }) => given?.kind === 'vcenter' && name === given.name);
  const steps: readonly Step<NewVCenter>[] = [
    async (draft, ask) => {
      let fingerprint = '';
      const url = await ask.input({
        title,
        prompt: l10n.t('Address of the vCenter or ESXi host'),
        placeholder: 'https://vcenter.example.com',
        value: draft.url ?? '',
        check: async (value, signal) => {
          const normal = normalUrl(value);
          if (normal === undefined) return l10n.t('Enter an address like https://vcenter.example.com');
          ({ fingerprint } = await host.worker.request(readFingerprint, { url: normal }, signal));
          return undefined;
        },
      });
      return { url: normalUrl(url) ?? url, fingerprint, name: nameFor(host, normalUrl(url) ?? url) };
    },
    async (draft, ask) => {
      const { url = '', fingerprint = '' } = draft;
      const pinned = host.known.vcenters().find(known => known.url === url)?.fingerprint;
      await ask.pick({
        title,
        placeholder:
          pinned === undefined || pinned === fingerprint
            ? l10n.t('Is this the fingerprint (SHA-256) of the certificate of {0}?', url)
            : l10n.t('The certificate of {0} has CHANGED. Pinned until now: {1}', url, pinned),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve([
            {
              label: l10n.t('Trust this certificate'),
              detail: fingerprint,
              icon: 'shield',
              value: fingerprint,
            },
          ]),
      });
      return {};
    },
    async (draft, ask) => ({
      user: await ask.input({
        title,
        prompt: l10n.t('User name for {0}', draft.url ?? ''),
        placeholder: 'administrator@vsphere.local',
        value: draft.user ?? '',
        check: async value => await required(value, l10n.t('Enter a user name')),
      }),
    }),
    async (draft, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t('Password of {0}', draft.user ?? ''),
        isPassword: true,
        check: async (password, signal) => {
          const { name = '', url = '', user = '', fingerprint = '' } = draft;
          await host.places.openVCenterWith({ name, url, user, fingerprint }, password, signal);
          return undefined;
        },
      }),
    }),
  ];
  const { password, ...vcenter } = await runSteps(host.ui, steps, former ?? {});
  await host.known.saveVCenter(vcenter);
  await keepPassword(host, `vcenter/${vcenter.name}`, password);
}

export async function removeVCenter(host: Host, given: VmTreeNode | undefined): Promise<void> {
  const name =
    given?.kind === 'vcenter' ? given.name : await chooseKnownVCenter(host, l10n.t('Remove vCenter'));
  const isSure = await host.ui.confirm({
    question: l10n.t('Remove {0}?', name),
    lines: [
      l10n.t('Its password is forgotten. Nothing is changed on the server, and its restore points stay.'),
    ],
    action: l10n.t('Remove'),
  });
  if (!isSure) return;
  await host.ui.wait(l10n.t('Removing {0}', name), async signal => {
    await host.places.closeVCenter(name, signal).catch((error: unknown) => {
      // Not open, or no worker: there is nothing to close. A job that uses it is a reason not to.
      if (AppError.is(error, 'CONFLICT', 'CANCELLED')) throw error;
      host.log.info(`${name} was not closed: ${sentence(toAppError(error))}`);
    });
  });
  await host.credentials.forget(`vcenter/${name}`);
  await host.known.removeVCenter(name);
}

/** The name of a known vCenter; asks only if there are several. */
export async function chooseKnownVCenter(host: Host, title: string): Promise<string> {
  const { name } = await runSteps<{ name: string }>(
    host.ui,
    [
      async (_, ask) => ({
        name: await ask.pick({
          title,
          placeholder: l10n.t('vCenter'),
          whenEmpty: l10n.t('No vCenter has been added'),
          choices: async () =>
            await Promise.resolve(
              host.known.vcenters().map(({ name, url, user }) => ({
                label: name,
                description: user,
                detail: url,
                icon: 'server-environment',
                value: name,
              })),
            ),
        }),
      }),
    ],
    {},
  );
  return name;
}

export async function required(value: string, problem: string): Promise<string | undefined> {
  return await Promise.resolve(value.trim() === '' ? problem : undefined);
}

/** `vcenter.example.com` and `https://vcenter.example.com/ui/` → `https://vcenter.example.com`. */
export function normalUrl(text: string): string | undefined {
  const trimmed = text.trim();
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
    return url.protocol === 'https:' && url.username === '' ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

/** The host's name; the known one of a server that is added again. */
function nameFor(host: Host, url: string): string {
  const known = host.known.vcenters();
  return known.find(vcenter => vcenter.url === url)?.name ?? freeName(new URL(url).host, known);
}
