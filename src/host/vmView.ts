import { EventEmitter, type Event } from 'vscode';

import type { Grouping } from './model/vmArrangement.ts';
import type { VmFilter } from './model/vmFilter.ts';

/** Where the grouping is kept: the editor's settings. */
export interface GroupingSetting {
  readonly read: () => Grouping;
  readonly write: (grouping: Grouping) => Promise<void>;
}

/** How the user wants the VMs shown: grouped as the settings say, and filtered in this window. */
export class VmView {
  readonly onDidChange: Event<void>;
  readonly #setting: GroupingSetting;
  readonly #changed = new EventEmitter<void>();
  #filter: VmFilter | undefined;

  constructor(setting: GroupingSetting) {
    this.#setting = setting;
    this.onDidChange = this.#changed.event;
  }

  get grouping(): Grouping {
    return this.#setting.read();
  }

  /** Undefined: all VMs are shown. */
  get filter(): VmFilter | undefined {
    return this.#filter;
  }

  /** The change is told once the settings have it. */
  async groupBy(grouping: Grouping): Promise<void> {
    await this.#setting.write(grouping);
  }

  show(filter: VmFilter | undefined): void {
    this.#filter = filter;
    this.#changed.fire();
  }

  /** To be called when the settings are others. */
  settingsChanged(): void {
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
