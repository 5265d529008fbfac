import { l10n, type TextDocumentContentProvider, Uri } from 'vscode';

import { AppError } from '../base/errors.ts';
import { type LiveFileParams, readLiveFile } from '../protocol/liveGuest.ts';
import { schemes } from './ids.ts';
import type { OpenPlaces } from './openPlaces.ts';
import type { Worker } from './workerLink.ts';

/**
 * Address of a running guest's file: `quiesce-live:/etc/hosts?…`. It names the account, never its password.
 * @param asOf  the moment it is looked at: the editor keeps what it has read of an address, and the guest goes on
 */
export function liveUri({ vm, user, path }: LiveFileParams, asOf: Date): Uri {
  const query = JSON.stringify([vm.vcenter, vm.id, vm.name, user, asOf.toISOString()]);
  return Uri.from({ scheme: schemes.liveFile, path, query });
}

/** Files of running guests as read-only documents, as they are at the moment they are opened. */
export class LiveFiles implements TextDocumentContentProvider {
  readonly #worker: Worker;
  readonly #places: Pick<OpenPlaces, 'vcenter'>;
  readonly #lifetime = new AbortController();

  constructor(worker: Worker, places: Pick<OpenPlaces, 'vcenter'>) {
    this.#worker = worker;
    this.#places = places;
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    const { signal } = this.#lifetime;
    const params = parseLiveUri(uri);
    await this.#places.vcenter(params.vm.vcenter, signal);
    const { content } = await this.#worker.request(readLiveFile, params, signal);
    const bytes = Buffer.from(content, 'base64');
    if (bytes.includes(0))
      throw new AppError('INVALID_INPUT', l10n.t('{0} is not a text file', params.path), {
        object: params.path,
      });
    return bytes.toString('utf8');
  }

  dispose(): void {
    this.#lifetime.abort();
  }
}

function parseLiveUri({ path, query }: Uri): LiveFileParams {
  const parts: unknown = JSON.parse(query);
  if (!Array.isArray(parts) || !parts.every(part => typeof part === 'string'))
    throw new AppError('INVALID_INPUT', l10n.t('{0} names no file of a guest', path), { object: path });
  const [vcenter = '', id = '', name = '', user = ''] = parts;
  return { vm: { vcenter, id, name }, user, path };
}
