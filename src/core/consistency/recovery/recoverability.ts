import type { Coverage } from '../assess.ts';
import type { ConsistencyLevel } from '../level.ts';
import type { SourceId } from '../sources.ts';
import {
  columnOf,
  granularities,
  type Granularity,
  noRollForward,
  pointInTimeOnly,
  type RecoveryCell,
  recoveryCellId,
  type RecoveryColumn,
  recoveryTable,
} from './recoveryTable.ts';
import { estimateTime, type TimeEstimate, type Transfer } from './timeEstimate.ts';

/** What a restore point is, as far as recovery is concerned. */
export interface RecoveryFacts {
  readonly proven: ConsistencyLevel;
  readonly coverage: Coverage;
  /** Whether VSS brought it to rest. */
  readonly usedVss: boolean;
  readonly isDomainController: boolean;
  /** Of the guest's disks; undefined while nobody has looked. */
  readonly volumes: readonly RecoveryVolume[] | undefined;
  readonly logChains: readonly LogChain[];
  /** Of the disks that would be written. */
  readonly allocatedBytes: number | undefined;
  /** Restores of the past. */
  readonly transfers: readonly Transfer[];
}

export interface RecoveryVolume {
  readonly name: string;
  /** As it was recognized, for instance `ext4`. */
  readonly fileSystem: string | undefined;
  readonly isReadable: boolean;
}

/** Logs of one application that are really stored, not those that are configured. */
export interface LogChain {
  readonly product: string;
  readonly instance: string;
  readonly from: Date;
  readonly to: Date;
  readonly gaps: readonly string[];
  /** Whether it begins at or before the moment of the restore point. */
  readonly reachesBase: boolean;
}

export interface Recoverability {
  /** Stable name of the cell it comes from; missing where nothing is possible. */
  readonly id: string | undefined;
  readonly granularity: Granularity;
  readonly isPossible: boolean;
  readonly operation: string | undefined;
  /** Caveats; where it is not possible, why. */
  readonly caveats: readonly string[];
  readonly source: SourceId;
  readonly time: TimeEstimate;
  /** What stored logs add to it. */
  readonly withLogs?: { readonly id: string } & RecoveryCell;
}

/** What can be recovered from a restore point, a row for each granularity. */
export function recoverability(facts: RecoveryFacts): readonly Recoverability[] {
  return granularities.map(granularity => {
    const refusal = refusalOf(granularity, facts);
    const column = granularity === 'transaction' ? 'log-chain' : columnOf(facts.proven);
    const cell = column === undefined ? undefined : recoveryTable[granularity][column];
    if (refusal !== undefined || column === undefined || cell === undefined)
      return impossible(granularity, refusal ?? 'There is nothing to recover from');
    const withLogs = withLogsOf(granularity, facts);
    return {
      id: recoveryCellId(granularity, column),
      granularity,
      isPossible: true,
      operation: cell.operation,
      caveats: [...cell.caveats, ...caveatsOf(granularity, column, facts)],
      source: cell.source,
      time: estimateTime(timed.has(granularity) ? facts.allocatedBytes : undefined, facts.transfers),
      ...(withLogs !== undefined && { withLogs }),
    };
  });
}

function withLogsOf(granularity: Granularity, { logChains }: RecoveryFacts): Recoverability['withLogs'] {
  const cell = recoveryTable[granularity]['log-chain'];
  if (granularity === 'transaction' || cell === undefined || !logChains.some(isUnbroken)) return undefined;
  return { id: recoveryCellId(granularity, 'log-chain'), ...cell };
}

/** Only of these the bytes to be written are known beforehand. */
const timed: ReadonlySet<Granularity> = new Set(['disk', 'vm']);

function impossible(granularity: Granularity, why: string): Recoverability {
  return {
    ...{ id: undefined, granularity, isPossible: false, operation: undefined },
    caveats: [why],
    source: 'inference',
    time: estimateTime(undefined, []),
  };
}

function refusalOf(granularity: Granularity, facts: RecoveryFacts): string | undefined {
  if (facts.proven === 'none' || facts.coverage === 'nothing') return 'The restore point holds no disk';
  switch (granularity) {
    case 'transaction':
      return facts.logChains.some(isUnbroken) ? undefined : noRollForward;
    case 'guest-file':
      return facts.volumes?.some(({ isReadable }) => isReadable) === false
        ? `None of its file systems can be read${namesOf(facts.volumes)}`
        : undefined;
    case 'disk':
    case 'vm':
    case 'datastore':
    case 'site':
      return undefined;
  }
}

function isUnbroken({ gaps, reachesBase }: LogChain): boolean {
  return reachesBase && gaps.length === 0;
}

function caveatsOf(
  granularity: Granularity,
  column: RecoveryColumn,
  { coverage, usedVss, isDomainController, volumes, logChains }: RecoveryFacts,
): readonly string[] {
  const unreadable = volumes?.filter(({ isReadable }) => !isReadable) ?? [];
  return [
    ...(usedVss && column === 'application' ? [pointInTimeOnly] : []),
    ...(granularity === 'transaction' ? chainCaveats(logChains) : []),
    ...(granularity === 'guest-file' && volumes === undefined
      ? ['Whether its file systems can be read is not known yet']
      : []),
    ...(granularity === 'guest-file' && unreadable.length > 0
      ? [`Files of some volumes cannot be read${namesOf(unreadable)}`]
      : []),
    ...(coverage === 'partial' && granularity !== 'guest-file'
      ? ['Not all disks of the VM are in the restore point: never start a database from a torn set']
      : []),
    ...(coverage === 'unknown' ? ['Whether all disks of the VM are in it is not known'] : []),
    ...(isDomainController ? [domainController] : []),
  ];
}

const domainController =
  'A domain controller: restore it whole with VM-GenerationID (Windows Server 2012 or later), never its database as a file';

function chainCaveats(chains: readonly LogChain[]): readonly string[] {
  return chains.map(chain => {
    const name = `${chain.product} ${chain.instance}`;
    if (!chain.reachesBase) return `${name}: its logs begin after the restore point`;
    return chain.gaps.length > 0
      ? `${name}: its logs have gaps (${chain.gaps.join(', ')})`
      : `${name}: until ${chain.to.toISOString()}`;
  });
}

function namesOf(volumes: readonly RecoveryVolume[]): string {
  if (volumes.length === 0) return '';
  return ` (${volumes.map(({ name, fileSystem }) => `${name}: ${fileSystem ?? 'unknown'}`).join(', ')})`;
}
