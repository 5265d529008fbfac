import { AppError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import { mayWriteIn, parseAccount } from '../../guestops/guestAccount.ts';
import { type GuestMount, mountOf, mountPathOf } from '../../guestops/guestMounts.ts';
import { folderOf } from '../../guestops/guestPaths.ts';
import type { GuestNode, GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, readGuestText } from '../../guestops/node/guestTransfer.ts';
import type { GuestLocation } from '../guestFiles/guestVolumes.ts';
import { attributeDifferences, keepsOwner, type Restorer, settableAttributes } from './attributes.ts';
import { ContentComparer } from './compareContent.ts';
import type {
  GuestRestoreItem,
  GuestRestorePlan,
  GuestRestoreProblem,
  PlannedFile,
} from './guestRestorePlan.ts';
import { type WantedNode, wantedNodes } from './wantedNodes.ts';

export interface GuestRestoreOptions {
  /** Where the guest has the file system; undefined to find it by what VMware Tools tell. */
  readonly mountPath: string | undefined;
}

/**
 * Looks at what the guest has and settles for every wanted node what becomes of it. Reads from the guest, writes nothing.
 * @throws INVALID_INPUT about `mount` if it cannot be told where the guest has the file system
 */
export async function planGuestRestore(
  locations: readonly GuestLocation[],
  { mountPath }: GuestRestoreOptions,
  guest: GuestSession,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<GuestRestorePlan> {
  const problems: GuestRestoreProblem[] = [];
  const mounts = await guest.mounts(signal);
  const wanted = new Map<string, WantedNode>();
  for (const location of locations) {
    const mountedAt = mountPath ?? foundMountPath(mounts, location);
    for (const node of await wantedNodes(location, mountedAt, problems, signal))
      if (!wanted.has(node.guestPath)) wanted.set(node.guestPath, node);
  }
  const paths = [...wanted.keys()];
  const looking = [...new Set([...paths, ...paths.map(folderOf)])];
  const planner = new Planner(
    guest,
    await guest.statAll(looking, signal),
    await restorerOf(guest, deps, signal),
    deps,
  );
  const items: GuestRestoreItem[] = [];
  for (const node of wanted.values()) {
    const item = await planner.plan(node, problems, signal);
    if (item !== undefined) items.push(item);
  }
  const totalBytes = items.reduce((sum, item) => sum + sentBytes(item), 0);
  return {
    vmName: guest.vm.name,
    user: guest.user,
    items,
    totalBytes,
    problems,
    warnings: [...planner.warnings, ...roomWarnings(items, mounts)],
  };
}

export function sentBytes(item: GuestRestoreItem): number {
  return item.kind === 'file' && isSent(item) ? item.stat.sizeBytes : 0;
}

export function isSent({ action }: PlannedFile): boolean {
  return action === 'create' || action === 'replace';
}

class Planner {
  readonly #guest: GuestSession;
  readonly #live: ReadonlyMap<string, GuestNode>;
  readonly #restorer: Restorer;
  readonly #comparer: ContentComparer;
  /** Folders below which nothing is restored, for a reason that was told. */
  readonly #blocked = new Set<string>();
  readonly #made = new Set<string>();
  readonly #warnings = new Set<string>();

  constructor(
    guest: GuestSession,
    live: ReadonlyMap<string, GuestNode>,
    restorer: Restorer,
    deps: GuestTransferDeps,
  ) {
    this.#guest = guest;
    this.#live = live;
    this.#restorer = restorer;
    this.#comparer = new ContentComparer(guest, deps);
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  async plan(
    node: WantedNode,
    problems: GuestRestoreProblem[],
    signal: AbortSignal,
  ): Promise<GuestRestoreItem | undefined> {
    const { guestPath } = node;
    if (this.#blocked.has(folderOf(guestPath))) {
      this.#blocked.add(guestPath);
      return undefined;
    }
    const live = this.#live.get(guestPath);
    const problem = await this.#problemOf(node, live, signal);
    if (problem !== undefined) {
      problems.push(problem);
      this.#blocked.add(guestPath);
      return undefined;
    }
    if (node.kind === 'symlink' || (node.kind === 'folder' && live !== undefined)) return undefined;
    const attributes = settableAttributes(node.stat, this.#restorer);
    if (node.kind === 'folder') {
      this.#made.add(guestPath);
      this.#warnAboutOwner(node);
      return { kind: 'folder', guestPath, attributes };
    }
    return await this.#planFile(node, live, signal);
  }

  async #planFile(node: WantedNode, live: GuestNode | undefined, signal: AbortSignal): Promise<PlannedFile> {
    const { pointPath, guestPath, location, stat } = node;
    const attributes = settableAttributes(stat, this.#restorer);
    const file = { kind: 'file', pointPath, guestPath, location, stat, live, attributes } as const;
    if (live === undefined) {
      this.#warnAboutOwner(node);
      return { ...file, action: 'create', comparedBy: undefined };
    }
    const { isSame, by } = await this.#comparer.compare(node, live, signal);
    if (!isSame) {
      this.#warnAboutOwner(node);
      return { ...file, action: 'replace', comparedBy: by };
    }
    const action = attributeDifferences(attributes, live).length === 0 ? 'skip' : 'attributes';
    return { ...file, action, comparedBy: by };
  }

  /** Why the node cannot be restored. */
  async #problemOf(
    node: WantedNode,
    live: GuestNode | undefined,
    signal: AbortSignal,
  ): Promise<GuestRestoreProblem | undefined> {
    const { kind, guestPath } = node;
    if (kind === 'symlink') return await linkProblem(node, live, signal);
    if (live?.kind === 'symlink')
      return conflict(
        `${guestPath} is a link to ${live.target ?? 'somewhere'} in the guest, nothing is written through it`,
      );
    if (kind === 'folder' && live !== undefined)
      return live.kind === 'directory'
        ? undefined
        : conflict(`${guestPath} is a ${live.kind} in the guest, not a folder`);
    if (live?.kind === 'directory') return conflict(`${guestPath} is a folder in the guest, not a file`);
    return this.#writeProblem(folderOf(guestPath));
  }

  #writeProblem(folder: string): GuestRestoreProblem | undefined {
    const { user, account } = this.#restorer;
    const live = this.#live.get(folder);
    if (this.#made.has(folder)) return undefined;
    if (live === undefined) return conflict(`${folder} is missing in the guest and in what is restored`);
    const mayWrite = mayWriteIn(live, user, account);
    if (mayWrite === false) return { code: 'PERMISSION', message: `${user} may not write to ${folder}` };
    if (mayWrite === undefined) this.#warnings.add(`whether ${user} may write to ${folder} is not known`);
    return undefined;
  }

  #warnAboutOwner({ guestPath, stat }: WantedNode): void {
    if (keepsOwner(stat, this.#restorer)) return;
    this.#warnings.add(
      `${guestPath} will belong to ${this.#guest.user}, not to ${stat.uid}:${stat.gid}: only root can give files away`,
    );
  }
}

/** A link that is there as it was needs nothing; one that is not cannot be made. */
async function linkProblem(
  { guestPath, stat, location }: WantedNode,
  live: GuestNode | undefined,
  signal: AbortSignal,
): Promise<GuestRestoreProblem | undefined> {
  const target = await location.fileSystem.readlink(stat.node, signal);
  if (live?.kind === 'symlink' && live.target === target) return undefined;
  return {
    code: 'UNSUPPORTED_FORMAT',
    message: `${guestPath} is a link to ${target}, and VMware Tools cannot make links; make it in the guest`,
  };
}

function conflict(message: string): GuestRestoreProblem {
  return { code: 'CONFLICT', message };
}

function foundMountPath(mounts: readonly GuestMount[], { disk, volume }: GuestLocation): string {
  const path = mountPathOf(mounts, disk.key, volume.sizeBytes);
  if (path !== undefined) return path;
  throw new AppError(
    'INVALID_INPUT',
    `VMware Tools do not tell where the guest has volume ${volume.index} of ${disk.label}`,
    { object: 'mount', remedy: 'Say at which path the guest has it' },
  );
}

const maxAccountBytes = 1024 * 1024;

/** Whom the guest takes its user for; an account of a directory service is not in its files. */
async function restorerOf(
  guest: GuestSession,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<Restorer> {
  const { user } = guest;
  if (user === 'root') return { user, account: undefined };
  try {
    const passwd = await readGuestText(guest, '/etc/passwd', maxAccountBytes, deps, signal);
    const group = await readGuestText(guest, '/etc/group', maxAccountBytes, deps, signal);
    return { user, account: parseAccount(user, passwd, group) };
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND', 'PERMISSION', 'CONFLICT', 'CORRUPT_DATA')) throw error;
    return { user, account: undefined };
  }
}

/** What is replaced stays, so that everything that is sent needs room. */
function roomWarnings(items: readonly GuestRestoreItem[], mounts: readonly GuestMount[]): string[] {
  const needed = new Map<GuestMount, number>();
  for (const item of items) {
    const mount = mountOf(mounts, item.guestPath);
    if (mount !== undefined) needed.set(mount, (needed.get(mount) ?? 0) + sentBytes(item));
  }
  return [...needed].flatMap(([{ path, freeBytes }, bytes]) =>
    freeBytes !== undefined && freeBytes < bytes
      ? [`${path} has ${formatBytes(freeBytes)} left in the guest, ${formatBytes(bytes)} are needed`]
      : [],
  );
}
