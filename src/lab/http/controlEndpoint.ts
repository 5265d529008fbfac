import { open } from 'node:fs/promises';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { AppError } from '../../base/errors.ts';
import type { Faults } from '../control.ts';
import { noFaults } from '../control.ts';
import { sha256At } from '../disk/diskBytes.ts';
import { grainBytes } from '../disk/grainMap.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import { applyPreset, guestPresets, type PresetName } from '../guest/guestPresets.ts';
import { SeededRandom } from '../guest/seededRandom.ts';
import type { GuestActivity } from '../guest/guestActivity.ts';
import { activityPath } from '../images/guestTree.ts';
import { LabClock } from '../labClock.ts';
import type { LabContext } from '../labContext.ts';
import type { DiskChain } from '../model/diskChain.ts';
import { Lease } from '../model/lease.ts';
import { LabVm } from '../model/labVm.ts';
import type { VmFileType } from '../model/vmFileType.ts';
import { changeAtRandom } from '../model/randomChanges.ts';
import { failLeases, moveToHost } from '../model/moveVm.ts';
import { losePower } from '../model/stun.ts';
import { removeVm } from '../model/removeVm.ts';
import { personalityOf } from '../personality.ts';
import {
  describeGuestFile,
  listGuestFolder,
  readGuestFile,
  removeGuestFile,
  writeGuestFile,
} from './guestControl.ts';
import { describeRole, setAccount, setRole } from './accessControl.ts';
import { VimFault } from '../soap/vimFault.ts';
import { hangUpSignal, HttpError, readBody, sendJson, type RequestHandler } from './httpAnswer.ts';

const maxBytesPerRead = 16 * 1024 * 1024;

/** What one request of the control API works with. */
interface ControlCall {
  readonly lab: LabContext;
  readonly activity: GuestActivity;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** An answer in JSON, or bytes as they are. */
type ControlAnswer = (call: ControlCall, ...pathParts: string[]) => unknown;

/** Method and path, with `:` in place of a part that is handed to the answer. docs/LAB.md describes each. */
const routes: readonly (readonly [method: string, path: string, answer: ControlAnswer])[] = [
  ['GET', 'vms', ({ lab }) => [...lab.registry.instancesOf(LabVm)].map(describeVm)],
  ['POST', 'vms/:', setVm],
  ['DELETE', 'vms/:', ({ lab }, vm) => removeVm(lab, liveVm(lab, vm))],
  ['POST', 'vms/:/guest', setGuest],
  ['POST', 'vms/:/files', addFile],
  ['GET', 'events', ({ lab }) => lab.events.events],
  ['DELETE', 'events', ({ lab }) => lab.events.forget()],
  ['POST', 'vms', changeVms],
  ['GET', 'personality', ({ lab }) => lab.server.personality],
  ['POST', 'personality', becomeVersion],
  ['GET', 'clock', ({ lab }) => ({ now: lab.clock.now() })],
  ['POST', 'clock', letTimePass],
  ['POST', 'restart', restart],
  ['POST', 'connections/cut', ({ lab }) => ({ cut: lab.servers.main.server.cutConnections() })],
  ['GET', 'requests', ({ lab }) => lab.servers.requestCounts()],
  ['POST', 'certificate', changeCertificate],
  ['GET', 'snapshots', ({ lab }) => lab.snapshotHistory],
  ['GET', 'leases', ({ lab }) => [...lab.registry.instancesOf(Lease)].map(describeLease)],
  ['GET', 'sessions', describeSessions],
  ['POST', 'sessions/expire', ({ lab }) => lab.sessions.live().forEach(session => lab.sessions.end(session))],
  ['GET', 'disks/:/:', showDisk],
  ['GET', 'disks/:/:/sha256', hashDisk],
  ['GET', 'disks/:/:/bytes', readDisk],
  ['GET', 'disks/:/:/changes', listChanges],
  ['POST', 'disks/:/:/burst', burst],
  ['POST', 'disks/:/:/bytes', writeDisk],
  ['POST', 'disks/:/:/tracking', setTracking],
  ['GET', 'guests/:/file', ({ lab, query }, vm) => describeGuestFile(liveVm(lab, vm), query)],
  ['GET', 'guests/:/bytes', async ({ lab, query }, vm) => await readGuestFile(liveVm(lab, vm), query)],
  ['GET', 'guests/:/folder', ({ lab, query }, vm) => listGuestFolder(liveVm(lab, vm), query)],
  ['GET', 'guests/:/processes', ({ lab }, vm) => liveVm(lab, vm).guest?.processes([])],
  ['POST', 'guests/:/remove', ({ lab, query }, vm) => removeGuestFile(liveVm(lab, vm), query)],
  ['POST', 'guests/:/file', ({ lab, query, body }, vm) => writeGuestFile(liveVm(lab, vm), query, body)],
  ['GET', 'roles', ({ lab }) => lab.access.roles.all().map(describeRole)],
  ['POST', 'roles/:', ({ lab, body }, name = '') => setRole(lab, name, body)],
  ['POST', 'accounts/:', ({ lab, body }, name = '') => setAccount(lab, name, body)],
  [
    'POST',
    'activity',
    ({ activity, body }) => {
      activity.enabled = body['enabled'] === true;
    },
  ],
  ['GET', 'faults', ({ lab }) => lab.faults],
  ['POST', 'faults', ({ lab, body }) => changeFaults(lab, body)],
  ['DELETE', 'faults', ({ lab }) => Object.assign(lab.faults, noFaults())],
];

/** Answers at `/lab`, to whoever has the token. */
export function controlEndpoint(lab: LabContext, activity: GuestActivity, token: string): RequestHandler {
  return async (request, response, url) => {
    requireToken(request, token);
    const parts = url.pathname.split('/').slice(2).map(decodeURIComponent);
    for (const [method, pattern, answer] of routes) {
      const found = matched(pattern, parts);
      if (method !== request.method || found === undefined) continue;
      const text = await readBody(request, 1024 * 1024);
      const body = (text === '' ? {} : parseJson(text)) as Readonly<Record<string, unknown>>;
      const call = { lab, activity, query: url.searchParams, body, signal: hangUpSignal(response) };
      const value = await answerOrRefuse(answer, call, found);
      if (value instanceof Uint8Array) {
        response.writeHead(200, {
          'Content-Type': 'application/octet-stream',
          'Content-Length': value.length,
        });
        response.end(value);
      } else sendJson(response, 200, value ?? {});
      return;
    }
    throw new HttpError(404, `The control API has no ${request.method ?? ''} ${url.pathname}`);
  };
}

function letTimePass({ lab, body }: ControlCall): { readonly now: Date } {
  const advanceMs = body['advanceMs'];
  if (typeof advanceMs !== 'number' || !(advanceMs >= 0) || !(lab.clock instanceof LabClock)) {
    throw new HttpError(400, 'Say how much time passes: {"advanceMs": 1000}');
  }
  lab.clock.advance(advanceMs);
  return { now: lab.clock.now() };
}

async function answerOrRefuse(answer: ControlAnswer, call: ControlCall, parts: string[]): Promise<unknown> {
  try {
    return await answer(call, ...parts);
  } catch (error) {
    if (AppError.is(error, 'NOT_FOUND')) throw new HttpError(404, error.message);
    if (AppError.is(error, 'INVALID_INPUT')) throw new HttpError(400, error.message);
    if (error instanceof VimFault) throw new HttpError(400, `${error.type}: ${error.message}`);
    throw error;
  }
}

function requireToken(request: IncomingMessage, token: string): void {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new HttpError(401, 'The control API needs its token');
}

function matched(pattern: string, parts: readonly string[]): string[] | undefined {
  const steps = pattern.split('/');
  if (steps.length !== parts.length) return undefined;
  if (steps.some((step, index) => step !== ':' && step !== parts[index])) return undefined;
  return parts.filter((_, index) => steps[index] === ':');
}

function describeVm(vm: LabVm): unknown {
  return {
    name: vm.name,
    id: vm.ref.value,
    powerState: vm.powerState,
    extraConfig: vm.settings['extraConfig'],
    disks: vm.disks.map(chain => ({
      deviceKey: chain.key,
      fileName: chain.current.fileName,
      ...describeDisk(chain.content),
    })),
    snapshots: vm.snapshots.map(snapshot => snapshot.ref.value),
  };
}

function describeDisk(disk: VersionedDisk): { sizeBytes: number; position: number } {
  return { sizeBytes: disk.sizeBytes, position: disk.position };
}

function describeLease(lease: Lease): unknown {
  return {
    id: lease.ref.value,
    vm: lease.request.vmName,
    host: lease.request.host.value,
    beganAt: lease.beganAt,
    endedAt: lease.endedAt,
    state: lease.state,
    timeoutSeconds: lease.request.timeoutSeconds,
    progress: lease.property('transferProgress'),
    files: lease.files.map(file => ({
      name: file.name,
      deviceKey: file.deviceKey,
      kind: file.transfer.kind,
      transferred: file.transferred,
    })),
  };
}

function describeSessions({ lab }: ControlCall): unknown {
  return {
    live: lab.sessions.live().map(({ key, userName, loginTime, lastActiveTime, callCount, userAgent }) => ({
      key,
      userName,
      loginTime,
      lastActiveTime,
      callCount,
      userAgent,
    })),
    past: lab.sessions.past(),
  };
}

function setVm({ lab, body }: ControlCall, name = ''): unknown {
  const vm = liveVm(lab, name);
  if (typeof body['consolidationNeeded'] === 'boolean') vm.consolidationNeeded = body['consolidationNeeded'];
  if (body['powerState'] === 'poweredOn' || body['powerState'] === 'poweredOff')
    vm.powerState = body['powerState'];
  if (body['powerLost'] === true) losePower(vm);
  if (typeof body['host'] === 'string') migrate(lab, vm, body['host'], body['keepLeases'] === true);
  if (typeof body['filesLocked'] === 'boolean') vm.filesLocked = body['filesLocked'];
  if (typeof body['toolsRunning'] === 'boolean') vm.toolsStopped = !body['toolsRunning'];
  lab.registry.changed(vm.ref);
  return describeVm(vm);
}

/** Makes the VM one of the guests that behave as the rules of consistency say. */
function setGuest({ lab, body }: ControlCall, name = ''): unknown {
  const vm = liveVm(lab, name);
  const preset = Object.keys(guestPresets).find((known): known is PresetName => known === body['preset']);
  if (preset === undefined)
    throw new HttpError(400, `preset is none of ${Object.keys(guestPresets).join(', ')}`);
  applyPreset(vm, preset, lab.events);
  lab.registry.changed(vm.ref);
  return describeVm(vm);
}

/** A move to another host that nobody has asked, as DRS does it; a real host keeps its leases or loses them. */
function migrate(lab: LabContext, vm: LabVm, hostName: string, keepsLeases: boolean): void {
  const host = lab.inventory.hosts.find(ref => lab.registry.get(ref).property('name') === hostName);
  if (host === undefined) throw new HttpError(404, `There is no host ${hostName}`);
  moveToHost(lab, vm, host, '');
  if (!keepsLeases) failLeases(lab, vm);
}

/** As if a host had left a file in the folder of a VM. */
function addFile({ lab, body }: ControlCall, vm = ''): void {
  const { name, base64, layoutType = 'snapshotManifestList' } = body as Partial<AddedFileRequest>;
  if (typeof name !== 'string' || typeof base64 !== 'string')
    throw new HttpError(400, 'name and base64 are texts');
  lab.datastores.addToVm(liveVm(lab, vm), name, Buffer.from(base64, 'base64'), layoutType);
}

interface AddedFileRequest {
  readonly name: string;
  readonly base64: string;
  readonly layoutType: VmFileType;
}

/** An upgrade, as far as clients can tell: sessions are gone, and the next ones meet another version. */
function becomeVersion({ lab, body }: ControlCall): unknown {
  const { server, sessions } = lab;
  server.personality = personalityOf(String(body['apiVersion']), server.personality.isHost);
  for (const session of sessions.live()) sessions.end(session);
  lab.registry.changed();
  return server.personality;
}

/** As far as clients can tell: sessions and what was in them are gone, and nobody answers for a while. */
function restart({ lab, body }: ControlCall): unknown {
  const downMs = Number(body['downMs'] ?? 200);
  if (!(downMs >= 0 && downMs <= 600_000)) throw new HttpError(400, 'downMs is not a time up to ten minutes');
  for (const session of lab.sessions.live()) lab.sessions.end(session);
  lab.servers.main.server.stayAway(downMs);
  return { downMs };
}

/** Connections that are open break, as when a server starts anew with its new certificate. */
async function changeCertificate({ lab, body }: ControlCall): Promise<unknown> {
  const host = typeof body['host'] === 'string' ? body['host'] : undefined;
  const changed = await lab.servers.changeCertificate(host, body['isTold'] !== false);
  if (host === undefined) lab.servers.main.server.cutConnections();
  return changed;
}

function changeVms({ lab, body }: ControlCall): unknown {
  const { count, seed } = { count: 1, seed: 1, ...body };
  if (typeof count !== 'number' || typeof seed !== 'number')
    throw new HttpError(400, 'count and seed are numbers');
  const [removals, additions] = [body['removals'] === true, body['additions'] === true];
  return { changed: changeAtRandom(lab, { count, seed, removals, additions }) };
}

function showDisk({ lab, activity, query }: ControlCall, vm = '', key = ''): unknown {
  const disk = findDisk(lab, vm, key);
  const position = numberIn(query, 'position', disk.position);
  return {
    sizeBytes: disk.sizeAt(position),
    position,
    activityFile: { path: activityPath, extents: activity.fileOn(disk) },
  };
}

async function hashDisk({ lab, query, signal }: ControlCall, vm = '', key = ''): Promise<unknown> {
  const disk = findDisk(lab, vm, key);
  const position = numberIn(query, 'position', disk.position);
  return { position, sha256: await sha256At(disk, position, signal) };
}

async function readDisk({ lab, query }: ControlCall, vm = '', key = ''): Promise<Uint8Array> {
  const disk = findDisk(lab, vm, key);
  const lengthBytes = numberIn(query, 'length', 0);
  if (lengthBytes > maxBytesPerRead) throw new HttpError(400, `length exceeds ${maxBytesPerRead}`);
  const bytes = new Uint8Array(lengthBytes);
  await disk.readAt(numberIn(query, 'position', disk.position), numberIn(query, 'offset', 0), bytes);
  return bytes;
}

function listChanges({ lab, query }: ControlCall, vm = '', key = ''): unknown {
  const disk = findDisk(lab, vm, key);
  const until = numberIn(query, 'until', disk.position);
  const since = numberIn(query, 'since', 0);
  return { since, until, grainBytes, grains: disk.changedGrains(since, until) };
}

/** As if the guest had written just there; the bytes follow from offset and seed. */
async function writeDisk({ lab, body }: ControlCall, vm = '', key = ''): Promise<unknown> {
  const { offset, length, seed } = { offset: 0, length: 1, seed: 1, ...body };
  const { content } = findChain(lab, vm, key);
  if (![offset, length, seed].every(number => Number.isSafeInteger(number)) || length > maxBytesPerRead)
    throw new HttpError(400, 'offset, length and seed are numbers');
  const bytes = new Uint8Array(length);
  if (typeof body['path'] === 'string') await readFully(body['path'], Number(body['pathOffset'] ?? 0), bytes);
  else new SeededRandom(seed).fill(bytes);
  await content.write(offset, bytes);
  return describeDisk(content);
}

/** Of a file of this machine, as long as the bytes are; zeros behind its end. */
async function readFully(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.read(bytes, 0, bytes.length, offsetBytes);
  } finally {
    await file.close();
  }
}

/** Change tracking as a host may lose it: begun anew, or with a file that cannot be read. */
function setTracking({ lab, body }: ControlCall, vm = '', key = ''): unknown {
  const { tracking, content } = findChain(lab, vm, key);
  if (body['reset'] === true && tracking.isActive) tracking.start(content.position, lab.random);
  // A file that is lost begins anew, and whole.
  if (typeof body['unusable'] === 'boolean') tracking.isUnusable = body['unusable'] && tracking.isActive;
  lab.registry.changed();
  return { changeId: tracking.changeId, unusable: tracking.isUnusable };
}

async function burst({ lab, activity, body }: ControlCall, vm = '', key = ''): Promise<unknown> {
  const disk = findDisk(lab, vm, key);
  const written = await activity.burst(disk, {
    bytes: Number(body['bytes'] ?? 1024 * 1024),
    offset: Number(body['offset'] ?? 0),
    scattered: body['scattered'] === true,
  });
  if (!written) throw new HttpError(404, `Nothing is known of a file on disk ${key} of ${vm}`);
  return describeDisk(disk);
}

/** Lists of faults grow by what is given; everything else is replaced. */
function changeFaults(lab: LabContext, body: Readonly<Record<string, unknown>>): Faults {
  const { faults } = lab;
  const unknown = Object.keys(body).find(key => !(key in faults));
  if (unknown !== undefined) throw new HttpError(400, `There is no fault setting ${unknown}`);
  const { methods, streams, uploads, datastoreRequests, guestTransfers, ...others } = body as Partial<Faults>;
  const { delays, lateAnswers, changedAreas, ...settings } = others;
  for (const fault of methods ?? []) faults.methods.push({ ...fault, times: readTimes(fault) });
  for (const fault of streams ?? []) faults.streams.push({ ...fault, times: readTimes(fault) });
  for (const fault of uploads ?? []) faults.uploads.push({ ...fault, times: readTimes(fault) });
  for (const fault of datastoreRequests ?? [])
    faults.datastoreRequests.push({ ...fault, times: readTimes(fault) });
  for (const fault of guestTransfers ?? []) faults.guestTransfers.push({ ...fault, times: readTimes(fault) });
  Object.assign(faults.delays, delays);
  Object.assign(faults.lateAnswers, lateAnswers);
  const areas = { ...faults.changedAreas, ...changedAreas };
  return Object.assign(faults, settings, { changedAreas: areas });
}

/** One time unless the client says how often; it may have said nothing, whatever the type promises. */
function readTimes(fault: { readonly times?: unknown }): number {
  return typeof fault.times === 'number' ? fault.times : 1;
}

function liveVm(lab: LabContext, name = ''): LabVm {
  for (const vm of lab.registry.instancesOf(LabVm)) if (vm.name === name || vm.ref.value === name) return vm;
  throw new HttpError(404, `There is no VM ${name}`);
}

/** Of a VM by name or id; VMs that are gone are still known. */
function findDisk(lab: LabContext, vm = '', key = ''): VersionedDisk {
  return findChain(lab, vm, key).content;
}

function findChain(lab: LabContext, vm: string, key: string): DiskChain {
  const vms = [...lab.registry.instancesOf(LabVm), ...lab.retiredVms.toReversed()];
  const found = vms.find(candidate => candidate.name === vm || candidate.ref.value === vm);
  const disk = found?.disks.find(chain => String(chain.key) === key);
  if (disk === undefined) throw new HttpError(404, `There is no disk ${key} of ${vm}`);
  return disk;
}

function numberIn(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,16}$/.test(text)) throw new HttpError(400, `${name} is not a number`);
  return Number(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'The body is not JSON');
  }
}
