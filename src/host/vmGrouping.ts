import { EventEmitter, type Event, type Memento } from 'vscode';

import type { Grouping } from './model/vmTreeModel.ts';

const key = 'vmGrouping';

/** How the user wants the VMs arranged, kept by the editor for all windows. */
export class VmGrouping {
  readonly onDidChange: Event<Grouping>;
  readonly #state: Memento;
  readonly #changed = new EventEmitter<Grouping>();

  constructor(state: Memento) {
    this.#state = state;
    this.onDidChange = this.#changed.event;
  }

  get(): Grouping {
    return this.#state.get<Grouping>(key, 'folders');
  }

  async set(grouping: Grouping): Promise<void> {
    await this.#state.update(key, grouping);
    this.#changed.fire(grouping);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
