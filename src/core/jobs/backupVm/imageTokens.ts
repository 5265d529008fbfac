import { AppError, toAppError } from '../../../base/errors.ts';
import {
  type FoundToken,
  maxTokenBytes,
  tokenFolders,
  tokenOf,
} from '../../consistency/proof/freezeToken.ts';
import type { GuestFileSystem, NodeId } from '../../guestfs/guestFileSystem.ts';
import { openGuestVolume } from '../../guestfs/openGuestFileSystem.ts';
import type { Volume } from '../../volume/volume.ts';

/** Nobody holds more applications. */
const maxTokens = 100;

/** The tokens of freeze scripts on a stored volume. None on one that cannot be read: it then proves nothing. */
export async function tokensOn(volume: Volume, signal: AbortSignal): Promise<readonly FoundToken[]> {
  try {
    const fileSystem = await openGuestVolume(volume, signal);
    const found: FoundToken[] = [];
    for (const path of tokenFolders)
      for (const [name, node] of await filesIn(fileSystem, path, signal)) {
        const token = tokenOf(name, await textOf(fileSystem, node, signal));
        if (token !== undefined && found.length < maxTokens) found.push(token);
      }
    return found;
  } catch (error) {
    signal.throwIfAborted();
    if (AppError.is(toAppError(error), 'INTERNAL')) throw error;
    return [];
  }
}

async function filesIn(
  fileSystem: GuestFileSystem,
  path: string,
  signal: AbortSignal,
): Promise<readonly (readonly [name: string, node: NodeId])[]> {
  try {
    const { entries } = await fileSystem.list(await fileSystem.lookup(path, signal), signal);
    return entries.filter(({ kind }) => kind === 'file').map(({ name, node }) => [name, node]);
  } catch (error) {
    if (AppError.is(error, 'NOT_FOUND', 'INVALID_INPUT')) return [];
    throw error;
  }
}

async function textOf(fileSystem: GuestFileSystem, node: NodeId, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of fileSystem.readFile(node, { offsetBytes: 0, lengthBytes: maxTokenBytes }, signal))
    pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}
