import { type Disposable, EventEmitter, l10n, type TextDocumentContentProvider, Uri } from 'vscode';

import { AppError } from '../base/errors.ts';
import { explainVm, type VmRef } from '../protocol/vm.ts';
import { schemes } from './ids.ts';
import { explanationMarkdown } from './model/explanationText.ts';
import type { OpenPlaces } from './openPlaces.ts';
import type { Worker, WorkerLink } from './workerLink.ts';

/** What a backup of a VM can reach and why, as read-only Markdown: `quiesce-explain:/NAME.md?…`. It follows the VM. */
export class Explanations implements TextDocumentContentProvider {
  readonly onDidChange;
  readonly #worker: Worker;
  readonly #places: Pick<OpenPlaces, 'vcenter'>;
  readonly #changed = new EventEmitter<Uri>();
  /** By vCenter and id. */
  readonly #shown = new Map<string, Uri>();
  /** What was read for a document that is about to ask. */
  readonly #prepared = new Map<string, string>();
  readonly #lifetime = new AbortController();
  readonly #subscription: Disposable;

  constructor(worker: Worker & Pick<WorkerLink, 'onDidChangeVms'>, places: Pick<OpenPlaces, 'vcenter'>) {
    this.#worker = worker;
    this.#places = places;
    this.onDidChange = this.#changed.event;
    this.#subscription = worker.onDidChangeVms(({ vcenter, changed, removed }) => {
      for (const id of [...changed.map(vm => vm.id), ...removed]) {
        const uri = this.#shown.get(keyOf({ vcenter, id }));
        if (uri !== undefined) this.#changed.fire(uri);
      }
    });
  }

  /** Reads what there is to say, so that a failure is told before a document is opened, and gives its address. */
  async prepare(vm: VmRef, signal: AbortSignal): Promise<Uri> {
    this.#prepared.set(keyOf(vm), await this.#read(vm, signal));
    const uri = uriOf(vm);
    this.#changed.fire(uri);
    return uri;
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    const vm = vmOf(uri);
    const key = keyOf(vm);
    this.#shown.set(key, uri);
    const prepared = this.#prepared.get(key);
    this.#prepared.delete(key);
    return prepared ?? (await this.#read(vm, this.#lifetime.signal));
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #read(vm: VmRef, signal: AbortSignal): Promise<string> {
    await this.#places.vcenter(vm.vcenter, signal);
    return explanationMarkdown(await this.#worker.request(explainVm, vm, signal), l10n.t);
  }
}

function keyOf({ vcenter, id }: Pick<VmRef, 'vcenter' | 'id'>): string {
  return JSON.stringify([vcenter, id]);
}

function uriOf({ vcenter, id, name }: VmRef): Uri {
  const path = `/${name.replaceAll('/', '∕')}.md`;
  return Uri.from({ scheme: schemes.explanation, path, query: JSON.stringify([vcenter, id, name]) });
}

function vmOf({ path, query }: Uri): VmRef {
  const parts: unknown = JSON.parse(query);
  if (!Array.isArray(parts) || !parts.every(part => typeof part === 'string'))
    throw new AppError('INVALID_INPUT', l10n.t('{0} names no virtual machine', path), { object: path });
  const [vcenter = '', id = '', name = ''] = parts;
  return { vcenter, id, name };
}
