import { basename, isAbsolute, normalize } from 'node:path';
import { l10n } from 'vscode';

import type { Host } from '../host.ts';
import { freeName, isOnServer, type KnownRepository } from '../knownPlaces.ts';
import type { Ask, Step } from '../ui/wizard.ts';

/** Where a repository is, with the account of its server, which is kept among the secrets. */
export interface RepositoryPlace extends KnownRepository {
  readonly kind: 'folder' | 's3' | 'rest';
  readonly user: string;
  readonly secret: string;
  readonly sessionToken: string;
  readonly password: string;
}

type Draft = Partial<RepositoryPlace>;

/** The questions about the place, before the one about the repository's own password. */
export function placeSteps(
  host: Host,
  title: string,
  folderPrompt: string,
  { kind }: Draft,
): readonly Step<RepositoryPlace>[] {
  const askKind: Step<RepositoryPlace> = async (_, ask) => ({
    kind: await ask.pick<RepositoryPlace['kind']>({
      title,
      placeholder: l10n.t('Where the repository is'),
      whenEmpty: '',
      choices: async () =>
        await Promise.resolve([
          {
            label: l10n.t('Folder'),
            detail: l10n.t('On the machine where the worker runs, or on a network share'),
            icon: 'folder',
            value: 'folder',
          },
          {
            label: l10n.t('S3-compatible object store'),
            detail: l10n.t('Amazon S3, Ceph, MinIO, SeaweedFS and others'),
            icon: 'cloud',
            value: 's3',
          },
          {
            label: l10n.t("restic's REST server"),
            detail: l10n.t('With or without append-only mode'),
            icon: 'server',
            value: 'rest',
          },
        ]),
    }),
  });
  if (kind === undefined) return [askKind];
  if (kind === 'folder')
    return [askKind, async (draft, ask) => await askFolder(host, ask, title, folderPrompt, draft)];
  return [askKind, ...serverSteps(host, title, kind)];
}

/** `KEY-ID:SECRET-KEY[:SESSION-TOKEN]` or `USER:PASSWORD`; undefined where no account is needed. */
export function accountOf({ kind, user = '', secret = '', sessionToken = '' }: Draft): string | undefined {
  if (kind === 'folder' || user === '') return undefined;
  const isLent = kind === 's3' && sessionToken !== '';
  return [user, secret, ...(isLent ? [sessionToken] : [])].join(':');
}

/** What is kept of it outside of the secrets. */
export function knownOf({ kind, name = '', location = '', region, caFile }: Draft): KnownRepository {
  if (kind === 'folder') return { name, location };
  return {
    ...{ name, location },
    ...(kind === 's3' && region !== undefined && region !== '' && { region }),
    ...(caFile !== undefined && caFile !== '' && { caFile }),
  };
}

function serverSteps(host: Host, title: string, kind: 's3' | 'rest'): readonly Step<RepositoryPlace>[] {
  const text =
    (field: 'user' | 'secret' | 'sessionToken' | 'region', prompt: string, isPassword: boolean) =>
    async (draft: Draft, ask: Ask): Promise<Draft> => ({
      [field]: (await ask.input({ title, prompt, isPassword, value: draft[field] ?? '' })).trim(),
    });
  const address: Step<RepositoryPlace> = async (draft, ask) =>
    await askAddress(host, ask, title, kind, draft);
  const caFile: Step<RepositoryPlace> = async (draft, ask) => ({
    caFile: (
      await ask.input({
        title,
        prompt: l10n.t("Certificate file of the server's authority; empty if this machine trusts it"),
        placeholder: l10n.t('Absolute path on the machine where the worker runs'),
        value: draft.caFile ?? '',
        check: async path =>
          await Promise.resolve(
            path.trim() === '' || isAbsolute(path.trim()) ? undefined : l10n.t('Enter an absolute path'),
          ),
      })
    ).trim(),
  });
  if (kind === 'rest') {
    return [
      address,
      text('user', l10n.t('User of the REST server; empty if it asks for none'), false),
      async (draft, ask) =>
        draft.user === ''
          ? { secret: '' }
          : await text('secret', l10n.t('Password of {0}', draft.user ?? ''), true)(draft, ask),
      caFile,
    ];
  }
  return [
    address,
    text('user', l10n.t('Access key id'), false),
    text('secret', l10n.t('Secret access key'), true),
    text('sessionToken', l10n.t('Session token; empty if the key is a lasting one'), true),
    text('region', l10n.t('Region of the bucket; empty for the usual one'), false),
    caFile,
  ];
}

async function askAddress(
  host: Host,
  ask: Ask,
  title: string,
  kind: 's3' | 'rest',
  { location: former = '' }: Draft,
): Promise<Draft> {
  const example = kind === 's3' ? 'https://HOST/BUCKET/PREFIX' : 'https://HOST/PATH';
  const entered = await ask.input({
    title,
    prompt: l10n.t('Address of the repository: {0}', example),
    placeholder: example,
    value: former.startsWith(`${kind}:`) ? former.slice(kind.length + 1) : '',
    check: async address => await Promise.resolve(problemOf(address.trim(), kind)),
  });
  const location = `${kind}:${entered.trim().replace(/\/+$/, '')}`;
  return { location, name: nameFor(host, location) };
}

function problemOf(address: string, kind: 's3' | 'rest'): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    return l10n.t('Enter an address that begins with https://');
  if (url.username !== '' || url.password !== '') return l10n.t('Leave name and password out of the address');
  return kind === 's3' && url.pathname === '/' ? l10n.t('The bucket is missing') : undefined;
}

async function askFolder(
  host: Host,
  ask: Ask,
  title: string,
  prompt: string,
  { location: former = '' }: Draft,
): Promise<Draft> {
  const entered = await ask.input({
    title,
    prompt,
    placeholder: l10n.t('Absolute path on the machine where the worker runs'),
    value: isOnServer(former) ? '' : former,
    browse: 'folder',
    check: async path =>
      await Promise.resolve(isAbsolute(path.trim()) ? undefined : l10n.t('Enter an absolute path')),
  });
  const location = normalize(entered.trim()).replace(/(?<=.)[/\\]+$/, '');
  return { location, name: nameFor(host, location) };
}

/** The one it is known by already, else its last part. */
function nameFor(host: Host, location: string): string {
  const known = host.known.repositories();
  const name = known.find(repository => repository.location === location)?.name;
  return name ?? freeName(basename(location) || location, known);
}
