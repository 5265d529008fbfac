import type { CommandId } from '../ids.ts';

/** The editor's translation: the English text is the key, `{0}`, `{1}`, … are its places. */
export type Translate = (message: string, ...values: readonly (string | number)[]) => string;

/** What a row of a tree shows, in plain words; the tree turns it into the editor's items. */
export interface NodeView {
  /** Unique in its tree and the same after every refresh, so that the editor keeps what is open and selected. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Lines of plain text. */
  readonly tooltip?: readonly string[];
  /** Name of a product icon, and of a theme color. */
  readonly icon: { readonly name: string; readonly color?: string };
  /** Words joined by `;`, for the `when` clauses of menus. */
  readonly contextValue: string;
  readonly children: 'none' | 'collapsed' | 'expanded';
  /** Run by Enter or a click, with the node as its argument. */
  readonly command?: { readonly id: CommandId; readonly title: string };
}
