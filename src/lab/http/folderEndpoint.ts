import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { takeFault } from '../control.ts';
import type { DatastoreFile } from '../datastore/datastoreFile.ts';
import { folderOf, normalizedPath, type DatastorePlace } from '../datastore/datastorePath.ts';
import { datastoreNamed } from '../datastore/datastores.ts';
import type { LabContext } from '../labContext.ts';
import { Lease } from '../model/lease.ts';
import { sendWithTrouble } from '../nfc/faultyStream.ts';
import { escapeXml } from '../soap/xmlTree.ts';
import { askedRange } from './byteRange.ts';
import {
  cookieIn,
  hangUpSignal,
  HttpError,
  sendText,
  sessionCookie,
  type RequestHandler,
} from './httpAnswer.ts';
import { receiveFile } from './receivedFile.ts';

/** Files of datastores at `/folder/<path>?dcPath=<datacenter>&dsName=<datastore>`: GET, HEAD and PUT. */
export function folderEndpoint(lab: LabContext): RequestHandler {
  return async (request, response, url) => {
    const user = authorize(lab, request, response, url);
    const path = normalizedPath(decodedPath(url).slice('/folder'.length));
    if (path === undefined) throw new HttpError(403, 'Access to the path is denied');
    const place = findPlace(lab, url, path);
    requirePrivileges(lab, user, place);
    if (request.method === 'GET' || request.method === 'HEAD')
      await answerRead(lab, place, request, response, url);
    else if (request.method === 'PUT') await answerWrite(lab, place, request, response);
    else {
      response.setHeader('Allow', 'GET, HEAD, PUT');
      throw new HttpError(405, `${request.method ?? ''} is not answered here`);
    }
  };
}

/** A place on a datastore, or what lies above: names of datacenters or of datastores. */
type FoundPlace =
  | { readonly kind: 'place'; readonly datastore: MoRef; readonly place: DatastorePlace }
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly parameter: 'dcPath' | 'dsName' };

async function answerRead(
  lab: LabContext,
  found: FoundPlace,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  if (found.kind === 'names') {
    sendListing(
      request,
      response,
      found.names.map(name => [name, `/folder?${withName(url, found, name)}`]),
    );
    return;
  }
  const { place } = found;
  const file = lab.datastores.file(place);
  if (file !== undefined) {
    await sendFile(lab, file, request, response);
    return;
  }
  if (!lab.datastores.isFolder(place)) throw new HttpError(404, 'The file was not found');
  const links = lab.datastores.list(place).map(({ kind, name }) => {
    const shown = kind === 'folder' ? `${name}/` : name;
    const steps = [...place.path.split('/').filter(step => step !== ''), name].map(encodeURIComponent);
    return [shown, `/folder/${steps.join('/')}${kind === 'folder' ? '/' : ''}${url.search}`] as const;
  });
  sendListing(request, response, links);
}

async function sendFile(
  lab: LabContext,
  file: DatastoreFile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const planned = takeFault(lab.faults.datastoreRequests, ({ path }) => file.path.endsWith(path ?? ''));
  if (planned?.kind === 'refuse') throw new HttpError(planned.status ?? 503, 'The service is unavailable');
  const isFrozenAndLocked = file.lock === 'shared' && lab.faults.frozenExtents === 'locked';
  const { sizeBytes, read } = file.bytes;
  if (file.lock === 'exclusive' || isFrozenAndLocked || isUnderLease(lab, file) || read === undefined)
    throw new HttpError(500, 'Failed to lock the file');
  const entityTag = `"${file.modifiedAt.getTime().toString(16)}-${sizeBytes.toString(16)}"`;
  const modified = file.modifiedAt.toUTCString();
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('ETag', entityTag);
  response.setHeader('Last-Modified', modified);
  const onlyIf = request.headers['if-range'];
  const isUnchanged = onlyIf === undefined || onlyIf === entityTag || onlyIf === modified;
  const range = askedRange(isUnchanged ? request.headers.range : undefined, sizeBytes);
  if (range.kind === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${sizeBytes}`, 'Content-Length': 0 }).end();
    return;
  }
  const { offsetBytes, lengthBytes } =
    range.kind === 'part' ? range : { offsetBytes: 0, lengthBytes: sizeBytes };
  const contentRange = `bytes ${offsetBytes}-${offsetBytes + lengthBytes - 1}/${sizeBytes}`;
  response.writeHead(range.kind === 'part' ? 206 : 200, {
    'Content-Length': lengthBytes,
    ...(range.kind === 'part' && { 'Content-Range': contentRange }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const fault = planned && { ...planned, kind: planned.kind };
  const trouble = { fault, faults: { holdStreamsAfterBytes: null }, clock: lab.clock };
  await sendWithTrouble(response, read(offsetBytes, lengthBytes), trouble, hangUpSignal(response));
}

/** Who exports a VM has its disks open; a host does not open them a second time. */
function isUnderLease(lab: LabContext, { path }: DatastoreFile): boolean {
  return [...lab.registry.instancesOf(Lease)].some(({ state, files }) => {
    const disks = state === 'ready' ? files.map(({ transfer }) => transfer) : [];
    return disks.some(transfer => transfer.kind === 'export' && transfer.files.includes(path));
  });
}

async function answerWrite(
  lab: LabContext,
  found: FoundPlace,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (found.kind === 'names' || found.place.path === '')
    throw new HttpError(403, 'Only files of a datastore can be written');
  const { place } = found;
  if (request.headers['content-range'] !== undefined)
    throw new HttpError(501, 'Parts of files cannot be written');
  const existing = lab.datastores.file(place);
  if (existing === undefined && lab.datastores.isFolder(place)) throw new HttpError(409, 'There is a folder');
  const parent = { ...place, path: folderOf(place.path) };
  if (!lab.datastores.isFolder(parent)) throw new HttpError(409, 'The folder was not found');
  if (existing !== undefined && existing.lock !== 'none') throw new HttpError(500, 'Failed to lock the file');
  await receiveFile(lab, place, request, hangUpSignal(response));
  sendText(response, existing === undefined ? 201 : 200, 'text/plain', '');
}

/** Where a URL leads. Datacenters are named by their whole path, for instance "Lab" or "Europe/Lab". */
function findPlace(lab: LabContext, url: URL, path: string): FoundPlace {
  const { registry, inventory } = lab;
  const nameOfRef = (ref: MoRef) => registry.get(ref).property('name') as string;
  const dcPath = url.searchParams.get('dcPath')?.replace(/^\/+|\/+$/g, '');
  const dsName = url.searchParams.get('dsName');
  if (dcPath === undefined || dcPath === '') {
    if (path !== '' || dsName !== null) throw new HttpError(404, 'The datacenter was not found');
    return { kind: 'names', names: inventory.datacenters.map(nameOfRef), parameter: 'dcPath' };
  }
  const datacenter = inventory.datacenters.find(ref => nameOfRef(ref) === dcPath);
  if (datacenter === undefined) throw new HttpError(404, 'The datacenter was not found');
  if (dsName === null) {
    if (path !== '') throw new HttpError(404, 'The datastore was not found');
    const datastores = registry.get(datacenter).property('datastore') as readonly MoRef[];
    return { kind: 'names', names: datastores.map(nameOfRef), parameter: 'dsName' };
  }
  const datastore = datastoreNamed(registry, datacenter, dsName);
  if (datastore === undefined) throw new HttpError(404, 'The datastore was not found');
  return { kind: 'place', datastore, place: { datastore: dsName, path } };
}

/** @throws HttpError 403 for somebody who may not look at the datastore, or not at its files */
function requirePrivileges(lab: LabContext, user: string, found: FoundPlace): void {
  if (found.kind === 'names') return;
  const { place, datastore } = found;
  const needed = ['Datastore.Browse', ...(place.path === '' ? [] : ['Datastore.FileManagement'])];
  const held = lab.access.privilegesOn(user, datastore);
  if (!needed.every(privilege => held.has(privilege))) throw new HttpError(403, 'Forbidden');
}

/**
 * Who asks.
 * @throws HttpError 401 for a client that does not prove who it is, 403 with a ticket for something else
 */
function authorize(lab: LabContext, request: IncomingMessage, response: ServerResponse, url: URL): string {
  const ticket = cookieIn(request, 'vmware_cgi_ticket');
  if (ticket !== undefined) {
    const answer = lab.serviceTickets.use(ticket, url.href, request.method ?? '');
    if (answer.verdict === 'wrong') throw new HttpError(403, 'The ticket is for another request');
    if (answer.verdict === 'good') return answer.user;
  }
  const session = lab.sessions.find(cookieIn(request, sessionCookie));
  if (session !== undefined) return session.userName;
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [, user = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(basic ?? '', 'base64').toString('utf8')) ?? [];
  const account = basic === undefined ? undefined : lab.sessions.accountWith(user, password);
  if (account !== undefined) return account;
  response.setHeader('WWW-Authenticate', 'Basic realm="VMware HTTP server"');
  throw new HttpError(401, 'The request needs a session, a ticket or a password');
}

function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    throw new HttpError(400, 'The path is not encoded as it should be');
  }
}

function withName(url: URL, { parameter }: { readonly parameter: string }, name: string): string {
  const query = new URLSearchParams(url.searchParams);
  query.set(parameter, name);
  return query.toString();
}

function sendListing(
  request: IncomingMessage,
  response: ServerResponse,
  links: readonly (readonly [name: string, href: string])[],
): void {
  const rows = links.map(
    ([name, href]) => `<tr><td><a href="${escapeXml(href)}">${escapeXml(name)}</a></td></tr>`,
  );
  const text = `<html><head><title>Index</title></head><body><table>\n${rows.join('\n')}\n</table></body></html>\n`;
  if (request.method !== 'HEAD') sendText(response, 200, 'text/html; charset=utf-8', text);
  else response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end();
}
