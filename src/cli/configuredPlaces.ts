import type { Repository } from '../core/repository/repository.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import type { Config } from './config/config.ts';
import type { CommandContext } from './context.ts';

export interface NamedSession {
  /** As the configuration calls the server. */
  readonly name: string;
  readonly session: VimSession;
}

/** The servers and repositories of the configuration, opened only when a leftover is looked for, each at most once. */
export class ConfiguredPlaces implements AsyncDisposable {
  readonly #context: CommandContext;
  readonly #config: Config;
  readonly #opened: AsyncDisposable[] = [];
  readonly #unopened: string[] = [];
  #sessions: Promise<ReadonlyMap<string, NamedSession>> | undefined;
  #repositories: Promise<ReadonlyMap<string, Repository>> | undefined;

  constructor(context: CommandContext, config: Config) {
    this.#context = context;
    this.#config = config;
  }

  /** Names of those that could not be opened, as far as it was tried. */
  get unopened(): readonly string[] {
    return this.#unopened;
  }

  async sessionOf(vcenterId: string): Promise<VimSession | undefined> {
    return (await this.#openSessions()).get(vcenterId)?.session;
  }

  /** Of every server, each once, however many names it has. */
  async sessions(): Promise<readonly NamedSession[]> {
    return [...(await this.#openSessions()).values()];
  }

  async repositoryOf(repositoryId: string): Promise<Repository | undefined> {
    this.#repositories ??= this.#openAll(this.#config.repositories, async (name, configured) => {
      const repository = await this.#context.openRepository(name, configured);
      this.#opened.push(repository);
      return [repository.id, repository] as const;
    });
    return (await this.#repositories).get(repositoryId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map(async opened => await opened[Symbol.asyncDispose]()));
  }

  async #openSessions(): Promise<ReadonlyMap<string, NamedSession>> {
    this.#sessions ??= this.#openAll(this.#config.vcenters, async (name, vcenter) => {
      const connection = await this.#context.openSession(name, vcenter);
      this.#opened.push(connection);
      const { session } = connection;
      return [session.instanceUuid, { name, session }] as const;
    });
    return await this.#sessions;
  }

  /** One that cannot be opened keeps its own leftovers waiting, not those of the others. */
  async #openAll<C, T>(
    configured: Readonly<Record<string, C>>,
    open: (name: string, entry: C) => Promise<readonly [id: string, opened: T]>,
  ): Promise<ReadonlyMap<string, T>> {
    const found = new Map<string, T>();
    for (const [name, entry] of Object.entries(configured)) {
      try {
        found.set(...(await open(name, entry)));
      } catch (error) {
        this.#context.signal.throwIfAborted();
        this.#unopened.push(name);
        this.#context.output.note(
          `${name} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return found;
  }
}
