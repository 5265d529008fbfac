import { VimFaultError } from '../vsphere/faults.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { ChunkSet } from './chunkSet.ts';
import type { FullReason } from './fullReason.ts';

/** One `QueryChangedDiskAreas`. */
export type AskForAreas = (startBytes: number, signal: AbortSignal) => Promise<Vim<'DiskChangeInfo'>>;

/** What a server tells of a disk. `toldBytes`: exactly, before rounding to chunks. */
export type ChangedAreas =
  | { readonly kind: 'areas'; readonly chunks: ChunkSet; readonly toldBytes: number }
  | { readonly kind: 'refused'; readonly reason: FullReason; readonly detail: string };

/** More than any host needs; one that advances a few bytes at a time would be asked for years. */
const maxAnswers = 1_000_000;

/**
 * Asks until the whole disk is answered for: one answer may end anywhere. What cannot be trusted is refused as a whole,
 * for half an answer is a restore point with holes.
 * @throws whatever `ask` throws that is no answer to the question: the connection, the session, a snapshot that is gone
 */
export async function queryChangedAreas(
  ask: AskForAreas,
  disk: { readonly diskBytes: number; readonly chunkBytes: number },
  signal: AbortSignal,
): Promise<ChangedAreas> {
  const { diskBytes } = disk;
  const chunks = new ChunkSet(disk);
  let toldBytes = 0;
  let nextBytes = 0;
  for (let answers = 0; nextBytes < diskBytes; answers += 1) {
    signal.throwIfAborted();
    const answer = await answered(ask, nextBytes, signal);
    if ('kind' in answer) return answer;
    const problem =
      answers === maxAnswers
        ? `more than ${maxAnswers} answers for one disk`
        : problemIn(answer, nextBytes, diskBytes);
    if (problem !== undefined) return { kind: 'refused', reason: 'answer-invalid', detail: problem };
    for (const { start, length } of answer.changedArea ?? []) {
      chunks.addArea({ startBytes: start, lengthBytes: length });
      toldBytes += length;
    }
    nextBytes += answer.length;
  }
  return { kind: 'areas', chunks, toldBytes };
}

async function answered(
  ask: AskForAreas,
  startBytes: number,
  signal: AbortSignal,
): Promise<Vim<'DiskChangeInfo'> | Extract<ChangedAreas, { readonly kind: 'refused' }>> {
  try {
    return await ask(startBytes, signal);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined || !(error instanceof Error)) throw error;
    return { kind: 'refused', reason, detail: error.message };
  }
}

/** Undefined for what says nothing of the disk. */
function reasonOf(error: unknown): FullReason | undefined {
  if (!(error instanceof VimFaultError)) return undefined;
  const isFault = (...types: string[]) => VimFaultError.isFault(error, ...types);
  if (isFault('ManagedObjectNotFound', 'NotAuthenticated', 'HostCommunication')) return undefined;
  if (isFault('FileFault')) return 'file-fault';
  if (isFault('NoPermission')) return 'query-denied';
  if (isFault('NotSupported', 'NotImplemented', 'MethodNotFound')) return 'query-unsupported';
  if (isFault('InvalidArgument')) {
    const { invalidProperty } = error.fault as Vim<'InvalidArgument'>;
    // Some hosts do not say which argument they mean; of ours, only the moment can have become wrong.
    return invalidProperty === undefined || invalidProperty === 'changeId'
      ? 'change-id-unknown'
      : 'query-refused';
  }
  return 'query-refused';
}

function problemIn(
  { startOffset, length, changedArea = [] }: Vim<'DiskChangeInfo'>,
  askedBytes: number,
  diskBytes: number,
): string | undefined {
  const endBytes = startOffset + length;
  if (startOffset !== askedBytes) return `asked from byte ${askedBytes}, answered from ${startOffset}`;
  if (length <= 0) return `an answer about ${length} bytes at ${askedBytes}`;
  if (endBytes > diskBytes) return `an answer until byte ${endBytes} of a disk of ${diskBytes}`;
  const outside = changedArea.find(
    area =>
      !Number.isSafeInteger(area.start) ||
      area.length < 0 ||
      area.start < startOffset ||
      area.start + area.length > diskBytes,
  );
  return outside === undefined
    ? undefined
    : `an area of ${outside.length} bytes at ${outside.start} in the answer from ${startOffset} on`;
}
