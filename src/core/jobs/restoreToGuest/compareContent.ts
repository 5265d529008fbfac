import { createHash } from 'node:crypto';

import { AppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import { passingPieces } from '../../guestfs/passingPieces.ts';
import type { GuestNode, GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, hashInGuest } from '../../guestops/node/guestTransfer.ts';
import { dateOf, isSameSecond } from './attributes.ts';
import type { WantedNode } from './wantedNodes.ts';

/** Files are compared by their bytes up to this; larger ones by size and time, as copying tools do. */
const maxFileBytes = 16 * MiB;
const maxTotalBytes = 256 * MiB;

export interface Comparison {
  readonly isSame: boolean;
  readonly by: 'content' | 'time' | undefined;
}

/** Compares files of the restore point with those of the running guest; reads no more of them than is bearable. */
export class ContentComparer {
  readonly #guest: GuestSession;
  readonly #deps: GuestTransferDeps;
  #comparedBytes = 0;

  constructor(guest: GuestSession, deps: GuestTransferDeps) {
    this.#guest = guest;
    this.#deps = deps;
  }

  async compare(wanted: WantedNode, live: GuestNode, signal: AbortSignal): Promise<Comparison> {
    const { sizeBytes, modifiedAt } = wanted.stat;
    if (live.sizeBytes !== sizeBytes) return { isSame: false, by: undefined };
    if (sizeBytes > maxFileBytes || this.#comparedBytes + sizeBytes > maxTotalBytes)
      return { isSame: isSameSecond(live.modifiedAt, dateOf(modifiedAt)), by: 'time' };
    this.#comparedBytes += sizeBytes;
    try {
      const inGuest = await hashInGuest(this.#guest, wanted.guestPath, this.#deps, signal);
      return { isSame: inGuest === (await hashInPoint(wanted, signal)), by: 'content' };
    } catch (error) {
      // What may not be read may still be replaced; what is damaged is told when it is restored.
      if (!AppError.is(error, 'PERMISSION', 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
      return { isSame: false, by: undefined };
    }
  }
}

async function hashInPoint({ location, stat }: WantedNode, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const content = location.fileSystem.readFile(stat.node, { offsetBytes: 0 }, signal);
  for await (const piece of passingPieces(content)) hash.update(piece);
  return hash.digest('hex');
}
