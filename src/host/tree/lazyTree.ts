import {
  EventEmitter,
  type Event,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
} from 'vscode';

import type { Clock } from '../../base/clock.ts';
import { type AppError, toAppError } from '../../base/errors.ts';
import { failureView } from '../model/errorText.ts';
import { markdownText } from '../model/markdown.ts';
import type { NodeView, Translate } from '../model/nodeView.ts';

/** What a tree consists of; the tree itself only passes it on to the editor. */
export interface TreeSource<N> {
  /** Of the root if there is no node. Where not everything could be had, a row says why beside what could. */
  children(node: N | undefined, signal: AbortSignal): Promise<readonly (N | FailureRow<N>)[]>;
  view(node: N): NodeView;
  /** Turns a row that says why children are missing into one that helps, by a command for its parent. */
  remedy?(parent: N, error: AppError): NodeView['command'];
}

/** A row in the place of children that could not be had. */
export class FailureRow<N> {
  readonly parent: N;
  readonly error: AppError;

  constructor(parent: N, error: AppError) {
    this.parent = parent;
    this.error = error;
  }
}

const expansion = {
  none: TreeItemCollapsibleState.None,
  collapsed: TreeItemCollapsibleState.Collapsed,
  expanded: TreeItemCollapsibleState.Expanded,
} as const;

const refreshDelayMs = 200;

/** A tree whose children are fetched when they are looked at. A failure is a row of its own, never an empty tree. */
export class LazyTree<N> implements TreeDataProvider<N | FailureRow<N>> {
  readonly onDidChangeTreeData: Event<undefined>;
  readonly #source: TreeSource<N>;
  readonly #t: Translate;
  readonly #onFailure: (error: AppError) => void;
  readonly #changed = new EventEmitter<undefined>();
  readonly #lifetime = new AbortController();
  #isRefreshing = false;

  constructor(source: TreeSource<N>, t: Translate, onFailure: (error: AppError) => void) {
    this.#source = source;
    this.#t = t;
    this.#onFailure = onFailure;
    this.onDidChangeTreeData = this.#changed.event;
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  /** Once for everything that changes within a moment. */
  refreshSoon(clock: Clock): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const fire = (): void => {
      this.#isRefreshing = false;
      if (!this.#lifetime.signal.aborted) this.refresh();
    };
    void clock.sleep(refreshDelayMs, this.#lifetime.signal).then(fire, fire);
  }

  async getChildren(node?: N | FailureRow<N>): Promise<(N | FailureRow<N>)[]> {
    if (node instanceof FailureRow) return [];
    try {
      return [...(await this.#source.children(node, this.#lifetime.signal))];
    } catch (thrown) {
      const error = toAppError(thrown);
      this.#onFailure(error);
      if (node === undefined) throw error;
      return [new FailureRow(node, error)];
    }
  }

  getTreeItem(node: N | FailureRow<N>): TreeItem {
    if (!(node instanceof FailureRow)) return treeItem(this.#source.view(node), node);
    const view = failureView(node.error, this.#source.view(node.parent).id, this.#t);
    const command = this.#source.remedy?.(node.parent, node.error);
    return treeItem({ ...view, ...(command !== undefined && { command }) }, node.parent);
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#changed.dispose();
  }
}

function treeItem(view: NodeView, commandArgument: unknown): TreeItem {
  const item = new TreeItem(view.label, expansion[view.children]);
  item.id = view.id;
  item.contextValue = view.contextValue;
  const { name, color } = view.icon;
  item.iconPath = new ThemeIcon(name, color === undefined ? undefined : new ThemeColor(color));
  if (view.description !== undefined) item.description = view.description;
  if (view.tooltip !== undefined) item.tooltip = tooltip(view.tooltip);
  if (view.command !== undefined) {
    item.command = { command: view.command.id, title: view.command.title, arguments: [commandArgument] };
  }
  const spoken = [view.label, view.description].filter(text => text !== undefined).join(', ');
  item.accessibilityInformation = { label: spoken };
  return item;
}

/**
 * Names come from servers and guests: they are text, never markup. The editor's own `appendText` would make every space one
 * that does not break, and lines break within words.
 */
function tooltip(lines: readonly string[]): MarkdownString {
  return new MarkdownString(lines.map(markdownText).join('\n\n'));
}
