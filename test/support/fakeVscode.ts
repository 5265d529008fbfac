// What the thin parts of the host need of the editor's module, for tests outside the editor. It behaves as the editor
// documents; what no test needs is missing, so that its use fails.

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => unknown>();
  readonly event = (listener: (value: T) => unknown): Disposable => {
    this.#listeners.add(listener);
    return new Disposable(() => this.#listeners.delete(listener));
  };

  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }

  dispose(): void {
    this.#listeners.clear();
  }
}

export class Disposable {
  readonly #release: () => unknown;

  constructor(release: () => unknown) {
    this.#release = release;
  }

  dispose(): void {
    this.#release();
  }
}

export class ThemeColor {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class ThemeIcon {
  readonly id: string;
  readonly color: ThemeColor | undefined;

  constructor(id: string, color?: ThemeColor) {
    this.id = id;
    this.color = color;
  }
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 } as const;

export class TreeItem {
  readonly label: string;
  readonly collapsibleState: number;

  constructor(label: string, collapsibleState: number) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

export class DataTransferItem {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

export class DataTransfer {
  readonly #items = new Map<string, DataTransferItem>();

  get(mimeType: string): DataTransferItem | undefined {
    return this.#items.get(mimeType);
  }

  set(mimeType: string, item: DataTransferItem): void {
    this.#items.set(mimeType, item);
  }
}

export class MarkdownString {
  readonly value: string;

  constructor(value = '') {
    this.value = value;
  }
}

interface UriParts {
  readonly scheme: string;
  readonly authority?: string;
  readonly path?: string;
  readonly query?: string;
}

export class Uri {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;

  private constructor({ scheme, authority = '', path = '', query = '' }: UriParts) {
    this.scheme = scheme;
    this.authority = authority;
    this.path = path;
    this.query = query;
  }

  static from(parts: UriParts): Uri {
    return new Uri(parts);
  }

  static file(path: string): Uri {
    return new Uri({ scheme: 'file', path });
  }

  static joinPath({ scheme, path }: Uri, ...names: readonly string[]): Uri {
    return new Uri({ scheme, path: [path, ...names].join('/') });
  }

  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

export class Range {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };

  constructor(startLine: number, startCharacter: number, endLine: number, endCharacter: number) {
    this.start = { line: startLine, character: startCharacter };
    this.end = { line: endLine, character: endCharacter };
  }
}

export const FileType = { Unknown: 0, File: 1, Directory: 2, SymbolicLink: 64 } as const;
export const FilePermission = { Readonly: 1 } as const;

export class FileSystemError extends Error {
  readonly code: string;

  private constructor(code: string, messageOrUri: string | Uri) {
    super(typeof messageOrUri === 'string' ? messageOrUri : messageOrUri.path);
    this.code = code;
  }

  static FileNotFound(messageOrUri: string | Uri): FileSystemError {
    return new FileSystemError('FileNotFound', messageOrUri);
  }

  static FileIsADirectory(messageOrUri: string | Uri): FileSystemError {
    return new FileSystemError('FileIsADirectory', messageOrUri);
  }

  static NoPermissions(messageOrUri: string | Uri): FileSystemError {
    return new FileSystemError('NoPermissions', messageOrUri);
  }

  static Unavailable(messageOrUri: string | Uri): FileSystemError {
    return new FileSystemError('Unavailable', messageOrUri);
  }
}

export const l10n = {
  t: (message: string, ...values: readonly (string | number)[]): string =>
    message.replace(/\{(\d+)\}/g, (place, index) => String(values[Number(index)] ?? place)),
};

/** Settings that a test sets; the editor's other functions are not there. */
export const settings = new Map<string, unknown>();

export const workspace = {
  getConfiguration: () => ({ get: (id: string) => settings.get(id) }),
};

export const env = {
  language: 'en',
  clipboard: { writeText: async () => await Promise.resolve() },
};

/** Commands that a test has registered, and what they were run with. */
export const registeredCommands = new Map<string, (argument: unknown) => unknown>();

export const commands = {
  getCommands: async () => await Promise.resolve([...registeredCommands.keys()]),
  executeCommand: async (id: string, argument: unknown) => {
    const command = registeredCommands.get(id);
    if (command === undefined) throw new Error(`command '${id}' not found`);
    return await Promise.resolve(command(argument));
  },
};

export const ViewColumn = { Active: -1 } as const;

/** A panel whose page is the test. */
export class FakeWebviewPanel {
  visible = true;
  isDisposed = false;
  revealedCount = 0;
  readonly posted: unknown[] = [];
  readonly #received = new EventEmitter<unknown>();
  readonly #viewState = new EventEmitter<undefined>();
  readonly #disposed = new EventEmitter<undefined>();
  readonly onDidChangeViewState = this.#viewState.event;
  readonly onDidDispose = this.#disposed.event;
  readonly onDidPost = new EventEmitter<unknown>();
  readonly webview = {
    html: '',
    options: {} as { readonly enableScripts?: boolean; readonly localResourceRoots?: readonly Uri[] },
    cspSource: 'https://resources.test',
    asWebviewUri: (uri: Uri) => Uri.from({ scheme: 'https', path: uri.path }),
    onDidReceiveMessage: this.#received.event,
    postMessage: async (message: unknown) => {
      this.posted.push(message);
      this.onDidPost.fire(message);
      return await Promise.resolve(true);
    },
  };

  /** What the page posts. */
  receive(message: unknown): void {
    this.#received.fire(message);
  }

  reveal(): void {
    this.revealedCount += 1;
    this.setVisible(true);
  }

  setVisible(isVisible: boolean): void {
    this.visible = isVisible;
    this.#viewState.fire(undefined);
  }

  dispose(): void {
    this.isDisposed = true;
    this.#disposed.fire(undefined);
  }
}

/** Panels in the order in which they were made. */
export const webviewPanels: FakeWebviewPanel[] = [];

export const window = {
  createWebviewPanel: () => {
    const panel = new FakeWebviewPanel();
    webviewPanels.push(panel);
    return panel;
  },
};
export const ProgressLocation = {};
export const QuickInputButtons = {};
export const StatusBarAlignment = {};
