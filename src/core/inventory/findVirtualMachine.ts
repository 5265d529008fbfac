import { AppError } from '../../base/errors.ts';
import type { VimSession } from '../vsphere/session.ts';
import { listVirtualMachines } from './listVirtualMachines.ts';
import type { VmSummary } from './listVirtualMachines.ts';

const maxSuggestions = 5;

/**
 * The VM a person means by its name, inventory path, instance or BIOS UUID, or managed object id (`vm-42`).
 * @throws CONFLICT with the candidates if several answer to it; NOT_FOUND with names that come near
 */
export async function findVirtualMachine(
  session: VimSession,
  wanted: string,
  signal: AbortSignal,
): Promise<VmSummary> {
  return pickVirtualMachine(await listVirtualMachines(session, signal), wanted, session.server);
}

/** What is exact in a stronger sense wins: an id or UUID over a path, a path over a name. */
export function pickVirtualMachine(
  machines: readonly VmSummary[],
  wanted: string,
  server: string,
): VmSummary {
  const uuid = wanted.toLowerCase();
  const senses: readonly ((machine: VmSummary) => boolean)[] = [
    machine => machine.ref.value === wanted,
    machine => machine.instanceUuid?.toLowerCase() === uuid,
    machine => machine.biosUuid?.toLowerCase() === uuid,
    machine => machine.inventoryPath === wanted,
    machine => machine.name === wanted,
    machine => machine.name.toLowerCase() === wanted.toLowerCase(),
  ];
  for (const matches of senses) {
    const [found, ...others] = machines.filter(matches);
    if (found === undefined) continue;
    if (others.length === 0) return found;
    throw ambiguous(wanted, [found, ...others]);
  }
  throw notFound(machines, wanted, server);
}

function ambiguous(wanted: string, candidates: readonly VmSummary[]): AppError {
  const list = candidates.map(({ inventoryPath, ref }) => `${inventoryPath} (${ref.value})`).join(', ');
  return new AppError('CONFLICT', `${candidates.length} VMs answer to "${wanted}": ${list}`, {
    object: wanted,
    remedy: 'Give the inventory path or the id in parentheses',
  });
}

function notFound(machines: readonly VmSummary[], wanted: string, server: string): AppError {
  const near = nearNames(machines, wanted);
  return new AppError('NOT_FOUND', `${server} has no VM "${wanted}"`, {
    object: wanted,
    remedy:
      near.length === 0
        ? 'List the VMs to see their names'
        : `Did you mean ${near.join(', ')}? Check the name`,
  });
}

function nearNames(machines: readonly VmSummary[], wanted: string): string[] {
  const low = wanted.toLowerCase();
  const tolerance = Math.max(1, Math.floor(low.length / 3));
  const distances = new Map(machines.map(({ name }) => [name, distanceOf(name.toLowerCase(), low)]));
  return [...distances]
    .filter(([, distance]) => distance <= tolerance)
    .sort(([, left], [, right]) => left - right)
    .slice(0, maxSuggestions)
    .map(([name]) => name);
}

/** Zero where one contains the other, else the number of edits between them; two letters swapped are one edit. */
function distanceOf(left: string, right: string): number {
  if (right !== '' && (left.includes(right) || (left !== '' && right.includes(left)))) return 0;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(left).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(right).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped = letter === right[column - 1] && left[row - 1] === other;
      const swapped = isSwapped ? (beforePrevious[column - 1] ?? 0) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
