import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Faults } from '../control.ts';
import { grainBytes } from '../disk/grainMap.ts';
import type { DiskPosition } from '../disk/versionedDisk.ts';
import type { DiskChain, DiskLink } from '../model/diskChain.ts';
import type { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { Snapshot } from '../model/snapshot.ts';
import { fileFault, invalidArgument, VimFault } from '../soap/vimFault.ts';
import type { MethodCall, MethodTable } from './methodCall.ts';
import { vmOf } from './vmMethods.ts';

export const changeTrackingMethods: MethodTable = {
  QueryChangedDiskAreas: { on: 'VirtualMachine', answer: queryChangedDiskAreas },
};

/** A run of bytes, as the API names its fields. */
interface Area {
  readonly start: number;
  readonly length: number;
}

/** A state of a disk that was asked about. */
interface AskedState {
  readonly chain: DiskChain;
  readonly link: DiskLink;
  readonly position: DiskPosition;
  readonly changeId: string | undefined;
}

function queryChangedDiskAreas(call: MethodCall): PlainObject {
  const { lab, parameters } = call;
  const { changedAreas: quirks } = lab.faults;
  const startOffset = parameters['startOffset'] as number;
  const state = askedState(call, vmOf(call));
  const capacity = state.chain.content.sizeAt(state.position);
  if (startOffset < 0 || startOffset >= capacity) throw invalidArgument('startOffset');
  const grains = askedGrains(state, parameters['changeId'] as string, quirks);
  const areas = areasOf(grains, capacity).flatMap(area => behind(area, startOffset));
  if (quirks.omitFirst) areas.shift();
  return answeredPart(areas, startOffset, capacity, quirks);
}

/** What is tracked of the disk of a snapshot, of the current one where none is named, or of a VM that is off. */
function askedState({ lab, parameters }: MethodCall, vm: LabVm): AskedState {
  const deviceKey = parameters['deviceKey'] as number;
  const named = parameters['snapshot'] as MoRef | undefined;
  const snapshot = named === undefined ? vm.currentSnapshot : lab.registry.get(named);
  if (snapshot !== undefined) {
    if (!(snapshot instanceof Snapshot) || snapshot.facts.vm.value !== vm.ref.value)
      throw new VimFault('NotFound', 'The object or item referred to could not be found.');
    const frozen = snapshot.facts.disks.find(({ chain }) => chain.key === deviceKey);
    if (frozen === undefined) throw invalidArgument('deviceKey');
    return { ...frozen, changeId: frozen.link.changeId };
  }
  const chain = vm.disks.find(({ key }) => key === deviceKey);
  if (chain === undefined) throw invalidArgument('deviceKey');
  const { current: link, content, tracking } = chain;
  // The host has the file open for the guest, which goes on writing.
  if (vm.powerState === 'poweredOn') throw fileFault('FileFault', link.fileName);
  return { chain, link, position: content.position, changeId: tracking.changeId };
}

function askedGrains(
  { chain, link, position, changeId: knownAs }: AskedState,
  changeId: string,
  quirks: Faults['changedAreas'],
): Iterable<number> {
  const { content, tracking } = chain;
  if (knownAs === undefined || tracking.isUnusable) throw fileFault('FileFault', link.fileName);
  const all = Math.ceil(content.sizeAt(position) / grainBytes);
  if (changeId === '*') {
    if (quirks.allocated === 'refused') throw fileFault('FileFault', link.fileName);
    return quirks.allocated === 'whole' ? grainsUntil(all) : content.allocatedGrains(position);
  }
  const since = tracking.momentOf(changeId);
  const until = tracking.momentOf(knownAs);
  // What came later than the state that is asked about is no past of it.
  if (since === undefined || until === undefined || since > position) throw invalidArgument('changeId');
  return quirks.everything ? grainsUntil(all) : content.changedGrains(since, position);
}

function* grainsUntil(count: number): Generator<number> {
  for (let grain = 0; grain < count; grain += 1) yield grain;
}

/** Runs of grains, cut off at the end of the disk. */
function areasOf(grains: Iterable<number>, capacity: number): Area[] {
  const areas: { start: number; length: number }[] = [];
  for (const grain of grains) {
    const start = grain * grainBytes;
    const length = Math.min(grainBytes, capacity - start);
    if (length <= 0) break;
    const last = areas.at(-1);
    if (last !== undefined && last.start + last.length === start) last.length += length;
    else areas.push({ start, length });
  }
  return areas;
}

/** What of an area lies behind `offset`. */
function behind({ start, length }: Area, offset: number): Area[] {
  const end = start + length;
  const from = Math.max(start, offset);
  return from < end ? [{ start: from, length: end - from }] : [];
}

/** As much as a server puts into one answer; `length` says how far it tells. */
function answeredPart(
  areas: readonly Area[],
  startOffset: number,
  capacity: number,
  { maxExtents, maxLengthBytes }: Faults['changedAreas'],
): PlainObject {
  const byLength = Math.min(capacity, startOffset + (maxLengthBytes ?? capacity));
  const isCut = areas.length > maxExtents;
  const last = areas[maxExtents - 1];
  const end = isCut && last !== undefined ? Math.min(byLength, last.start + last.length) : byLength;
  const changedArea = areas
    .slice(0, maxExtents)
    .filter(({ start }) => start < end)
    .map(({ start, length }) => ({ start, length: Math.min(length, end - start) }));
  return { startOffset, length: end - startOffset, changedArea };
}
