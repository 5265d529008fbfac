/** Cores of the English messages; vCenters that speak another language are told by their error codes. */
const failures: readonly RegExp[] = [
  /reported an error during quiescing/i,
  /failed to start quiescing operation/i,
  /failed to quiesce the virtual machine/i,
  /cannot quiesce this virtual machine/i,
  /timeout occurred while communicating with VMware Tools/i,
  /cannot create a quiesced snapshot/i,
  /exceeded the time limit for holding off I\/O/i,
  /an error occurred while quiescing/i,
  /cannot complete the quiesced snapshot/i,
  /custom quiesce script failed/i,
  /0x800423[0-9a-f]{2}\b/i,
  /IDispatch error #84\d\d/i,
];

export function tellsOfFailedQuiescing(text: string): boolean {
  return failures.some(failure => failure.test(text));
}

/** What the code of VMware Tools in "The error code was: N" stands for. */
export const toolsStatusNames: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'invalid state',
  2: 'a freeze or thaw script failed',
  3: 'the sync provider could not be enabled',
  4: 'cancelled',
  5: 'an unexpected error',
};

export interface VssError {
  readonly code: number;
  readonly name: string;
  readonly hint: string;
}

const writerHint = 'the writer’s own log';

export const vssErrors: readonly VssError[] = [
  vssError(
    0x01,
    'BAD_STATE',
    'another requester or provider in the way; restart VSS and VMware Snapshot Provider',
  ),
  vssError(0x02, 'UNEXPECTED', 'see the event log'),
  vssError(
    0x03,
    'PROVIDER_ALREADY_REGISTERED',
    'a stale provider of VMware: reinstall the VSS component of Tools',
  ),
  vssError(
    0x04,
    'PROVIDER_NOT_REGISTERED',
    'a stale provider of VMware: reinstall the VSS component of Tools',
  ),
  vssError(0x06, 'PROVIDER_VETO', 'the provider’s log'),
  vssError(0x08, 'OBJECT_NOT_FOUND', 'a volume vanished, or a hidden partition'),
  vssError(0x0c, 'VOLUME_NOT_SUPPORTED', 'a FAT, ReFS, Storage Spaces or iSCSI disk'),
  vssError(0x0e, 'VOLUME_NOT_SUPPORTED_BY_PROVIDER', 'a FAT, ReFS, Storage Spaces or iSCSI disk'),
  vssError(0x0f, 'UNEXPECTED_PROVIDER_ERROR', 'the provider’s log'),
  vssError(0x12, 'MAXIMUM_NUMBER_OF_VOLUMES_REACHED', 'clean up shadow copies'),
  vssError(0x13, 'FLUSH_WRITES_TIMEOUT', 'too much input and output for the limit of 10 seconds'),
  vssError(0x14, 'HOLD_WRITES_TIMEOUT', 'too much input and output for the limit of 10 seconds'),
  vssError(0x16, 'SNAPSHOT_SET_IN_PROGRESS', 'two requesters: another backup product'),
  vssError(0x17, 'MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED', 'clean up shadow copies'),
  vssError(0x19, 'WRITER_NOT_RESPONDING', 'vssadmin list writers'),
  vssError(0x1f, 'INSUFFICIENT_STORAGE', 'shadow storage on a system reserved, EFI or recovery partition'),
  vssError(0x28, 'TRANSACTION_FREEZE_TIMEOUT', 'the kernel’s transaction manager'),
  vssError(0xf0, 'WRITERERROR_INCONSISTENTSNAPSHOT', writerHint),
  vssError(0xf1, 'WRITERERROR_OUTOFRESOURCES', writerHint),
  vssError(0xf2, 'WRITERERROR_TIMEOUT', writerHint),
  vssError(0xf3, 'WRITERERROR_RETRYABLE', writerHint),
  vssError(0xf4, 'WRITERERROR_NONRETRYABLE', writerHint),
];

function vssError(low: number, name: string, hint: string): VssError {
  return { code: 0x8004_2300 + low, name, hint };
}

/** Error codes of VSS in a text, also where VMware Tools write them as `IDispatch error #n`. */
export function vssCodesIn(text: string): readonly number[] {
  const written = [...text.matchAll(/0x(8004[0-9a-f]{4})\b/gi)].map(([, hex = '']) => parseInt(hex, 16));
  const dispatched = [...text.matchAll(/IDispatch error #(\d{1,5})\b/g)].map(
    ([, number]) => 0x8004_0200 + Number(number),
  );
  return [...new Set([...written, ...dispatched])];
}

/** The code of VMware Tools in a text, if there is one. */
export function toolsStatusIn(text: string): number | undefined {
  const number = /error code was: (\d)\b/i.exec(text)?.[1];
  return number === undefined ? undefined : Number(number);
}
