import { AppError } from '../../../../base/errors.ts';
import { type PassedOver, type TransportKind, transportKinds } from '../../../catalog/manifest.ts';
import type { DiskTransport, ReadRequest, TransportRow } from './diskTransport.ts';
import { folderTransport } from './folderTransport.ts';
import { hotAddTransport } from './hotAddTransport.ts';
import { leaseTransport } from './leaseTransport.ts';
import { nbdTransport } from './nbdTransport.ts';

/** What a backup reads disks by: the best way that is open, or one that somebody insists on. */
export const transportChoices = ['auto', ...transportKinds] as const;
export type TransportChoice = (typeof transportChoices)[number];

/** All that there are, best first: what can be read anywhere goes before what has to be read whole. */
const rows: readonly TransportRow[] = [hotAddTransport, nbdTransport, folderTransport, leaseTransport];

/** Their kinds, in the same order. */
export const transportOrder: readonly TransportKind[] = rows.map(({ kind }) => kind);

export interface TransportWay extends DiskTransport {
  readonly kind: TransportKind;
}

export interface TransportWays {
  /** Best first, at least one; a way that turns out to be closed leaves the next one. */
  readonly ways: readonly TransportWay[];
  /** Better ones that are known to be closed. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * The ways to read a disk or some chunks of it.
 * @throws CONFLICT if the only one that was chosen is known to be closed
 */
export function transportsFor(
  request: Omit<ReadRequest, 'isForced'>,
  choice: TransportChoice,
): TransportWays {
  const isForced = choice !== 'auto';
  const ways: TransportWay[] = [];
  const passedOver: PassedOver[] = [];
  for (const row of rows) {
    const { kind } = row;
    if (isForced && kind !== choice) continue;
    const offer = row.offer({ ...request, isForced });
    if (offer === undefined) continue;
    if (!('refused' in offer)) ways.push({ kind, ...offer });
    else if (isForced) throw closed(request, kind, offer.refused, offer.remedy);
    else if (ways.length === 0) passedOver.push({ kind, reason: offer.refused });
  }
  if (ways.length === 0 && isForced) throw closed(request, choice, 'it is not available here', undefined);
  return { ways, passedOver };
}

function closed(
  { place: { snapshot, disk } }: Omit<ReadRequest, 'isForced'>,
  kind: TransportKind,
  reason: string,
  remedy: string | undefined,
): AppError {
  const object = `${snapshot.vm.name} ${disk.label}`;
  return new AppError('CONFLICT', `${object} cannot be read by the transport ${kind}: ${reason}`, {
    object,
    remedy: `${remedy === undefined ? '' : `${remedy}, or `}let Quiesce choose the transport`.replace(
      /^l/,
      'L',
    ),
  });
}
