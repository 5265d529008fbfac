import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { KiB } from '../../../src/base/units.ts';
import { grainBytes, GrainMap } from '../../../src/lab/disk/grainMap.ts';
import { guestDiskPlans, type GuestDisk } from '../../../src/lab/images/guestDisks.ts';
import type { ImageFile } from '../../../src/lab/images/imageFiles.ts';
import { startLab, type RunningLab } from '../../../src/lab/lab.ts';
import { defaultRelease, personalityOf, type Personality } from '../../../src/lab/personality.ts';
import { childNamed, escapeXml, parseXml, type XmlElement } from '../../../src/lab/soap/xmlTree.ts';
import { pattern } from '../../support/pattern.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

export const user = 'administrator@vsphere.local';
export const password = 'pass<word>';
/** Somebody who has no role before a test gives him one. */
export const backupUser = 'backup@vsphere.local';
export const backupPassword = 'other&word';
export const guestPasswords = { root: 'root&word', user: 'user"word' };
export const diskBytes = 20 * grainBytes;

/** What the disks' file systems are said to hold; the bytes are the pattern of the disk. */
const guestTree: readonly ImageFile[] = [
  folder('/', 0o755),
  folder('/etc', 0o755),
  folder('/etc/web', 0o755),
  {
    path: '/etc/web/web.conf',
    kind: 'file',
    mode: 0o640,
    uid: 0,
    gid: 0,
    sizeBytes: 5000,
    modifiedMs: Date.UTC(2026, 0, 15),
    runs: [{ fileOffsetBytes: 0, startBytes: 4 * grainBytes, lengthBytes: 8192 }],
  },
  {
    path: '/etc/alias.conf',
    kind: 'symlink',
    mode: 0o777,
    uid: 0,
    gid: 0,
    sizeBytes: 12,
    modifiedMs: 0,
    target: 'web/web.conf',
  },
];

function folder(path: string, mode: number): ImageFile {
  return { path, kind: 'directory', mode, uid: 0, gid: 0, sizeBytes: 0, modifiedMs: 0 };
}

/** In the middle of the disks, in two runs. */
export const activityExtents = [
  { startBytes: 8 * grainBytes, lengthBytes: 32 * KiB },
  { startBytes: 4 * grainBytes, lengthBytes: 128 * KiB },
];

export type Ref = readonly [type: string, id: string];

export const web01 = ['VirtualMachine', 'vm-1001'] as const;
export const db01 = ['VirtualMachine', 'vm-1002'] as const;
export const build01 = ['VirtualMachine', 'vm-1003'] as const;
export const archive01 = ['VirtualMachine', 'vm-1004'] as const;
export const serviceInstance = ['ServiceInstance', 'ServiceInstance'] as const;
export const rootFolder = ['Folder', 'group-d1'] as const;
export const datacenter = ['Datacenter', 'datacenter-21'] as const;
export const vmFolder = ['Folder', 'group-v22'] as const;
export const resourcePool = ['ResourcePool', 'resgroup-27'] as const;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly cookie: string | undefined;
  readonly body: Buffer;
  /** Whether the body ended as HTTP wants it. */
  readonly complete: boolean;
}

/** A lab with small patterned disks, spoken to by hand: nothing of the product's own client is in between. */
export class TestLab {
  readonly lab: RunningLab;
  /** What the client says it speaks; nothing without it. */
  soapAction: string | undefined;
  #cookie: string | undefined;

  constructor(lab: RunningLab) {
    this.lab = lab;
  }

  /** Calls a method; the answer is the element inside the SOAP body. */
  async call(method: string, self: Ref, content = ''): Promise<XmlElement> {
    const [type, id] = self;
    const envelope =
      '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"' +
      ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>' +
      `<${method} xmlns="urn:vim25"><_this type="${type}">${escapeXml(id)}</_this>${content}</${method}></e:Body></e:Envelope>`;
    const headers = this.soapAction === undefined ? {} : { SOAPAction: this.soapAction };
    const answer = await this.http('POST', '/sdk', envelope, headers);
    this.#cookie = answer.cookie ?? this.#cookie;
    const body = childNamed(parseXml(answer.body.toString()), 'Body');
    const [element] = body?.children ?? [];
    if (element === undefined) throw new Error(`no answer: ${answer.body.toString()}`);
    return element;
  }

  async login(name = user, word = password): Promise<void> {
    const credentials = `<userName>${name}</userName><password>${escapeXml(word)}</password>`;
    const answer = await this.call('Login', ['SessionManager', 'SessionManager'], credentials);
    if (answer.localName !== 'LoginResponse') throw new Error(allText(answer));
  }

  /** The one value of a property path, undefined if it is not set. */
  async read(self: Ref, path: string): Promise<XmlElement | undefined> {
    const spec =
      `<specSet><propSet><type>${self[0]}</type><pathSet>${path}</pathSet></propSet>` +
      `<objectSet>${ref('obj', self)}</objectSet></specSet><options/>`;
    const answer = await this.call('RetrievePropertiesEx', collector, spec);
    if (answer.localName === 'Fault') throw new Error(allText(answer));
    return find(answer, 'val');
  }

  /** Waits for the task that `method` starts; its result, or the type of the fault it ended with. */
  async runTask(
    method: string,
    self: Ref,
    content = '',
  ): Promise<{ result: XmlElement | undefined; fault: string | undefined }> {
    const started = await this.call(method, self, content);
    if (started.localName === 'Fault') return { result: undefined, fault: faultType(started) };
    const task = ['Task', find(started, 'returnval')?.text ?? ''] as const;
    for (;;) {
      const info = await this.read(task, 'info');
      const state = info === undefined ? '' : textOf(info, 'state');
      if (state === 'success') return { result: find(info, 'result'), fault: undefined };
      if (state === 'error') return { result: undefined, fault: typeOf(find(info, 'fault')) };
    }
  }

  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { Authorization: `Bearer ${this.lab.controlToken}` };
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.http(method, `/lab${path}`, text, headers);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString()}`);
    return answer.body[0] === 0x7b || answer.body[0] === 0x5b
      ? JSON.parse(answer.body.toString())
      : answer.body;
  }

  /** Resolves with what has arrived, also when the connection breaks in the middle. */
  async http(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const options: RequestOptions = {
      method,
      rejectUnauthorized: false,
      headers: { ...(this.#cookie !== undefined && { Cookie: this.#cookie }), ...headers },
    };
    return await new Promise((resolve, reject) => {
      const sent = request(this.lab.url + path, options, response => {
        const pieces: Buffer[] = [];
        const finish = () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
            body: Buffer.concat(pieces),
            complete: response.complete,
          });
        };
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('end', finish);
        response.once('error', finish);
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}

export const collector = ['PropertyCollector', 'propertyCollector'] as const;

/** Started for one test and stopped when that is over; guests are still unless a test wakes them. */
export async function startTestLab(
  clock: Clock = systemClock,
  generatedVmCount = 0,
  personality: Personality = personalityOf(defaultRelease, false),
): Promise<TestLab> {
  const folder = temporaryFolder('lab');
  const stateFolder = join(folder, 'state');
  mkdirSync(stateFolder);
  const lab = await startLab({
    clock,
    random: systemRandom,
    logger: silentLogger,
    listen: '127.0.0.1:0',
    certificateFile: undefined,
    blockDeviceFolder: undefined,
    accounts: [
      { userName: user, password: new Secret(password), role: 'Admin' },
      { userName: backupUser, password: new Secret(backupPassword), role: 'NoAccess' },
    ],
    guestPasswords: new Map(Object.entries(guestPasswords).map(([name, word]) => [name, new Secret(word)])),
    seed: 7,
    personality,
    dump: undefined,
    images: patternedImages(folder),
    stateFolder,
    activity: false,
    generatedVmCount,
  });
  onTestFinished(async () => await lab[Symbol.asyncDispose]());
  return new TestLab(lab);
}

/** The same, with its administrator logged in, and tasks that take no time. */
export async function loggedIn(): Promise<TestLab> {
  const lab = await startTestLab();
  await lab.login();
  await lab.control('POST', '/faults', { taskStepMs: 0 });
  return lab;
}

/** Each disk has its own pattern in the grains 0, 4, 5 and 8 and zeros elsewhere. */
function patternedImages(folder: string): Map<string, GuestDisk> {
  const images = new Map<string, GuestDisk>();
  for (const [index, { name }] of guestDiskPlans.entries()) {
    const bytes = new Uint8Array(diskBytes);
    const allocated = GrainMap.empty(diskBytes);
    for (const grain of [0, 4, 5, 8]) {
      bytes.set(pattern(grainBytes, grain * grainBytes, index), grain * grainBytes);
      allocated.add(grain);
    }
    const path = join(folder, `${name}.img`);
    writeFileSync(path, bytes);
    images.set(name, { path, sizeBytes: diskBytes, allocated, activity: activityExtents, files: guestTree });
  }
  return images;
}

export function ref(name: string, [type, id]: Ref): string {
  return `<${name} type="${type}">${escapeXml(id)}</${name}>`;
}

/** The first element of that name, depth first. */
export function find(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element === undefined ? undefined : findAll(element, name)[0];
}

export function findAll(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap(child => [
    ...(child.localName === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return find(element, name)?.text;
}

export function typeOf(element: XmlElement | undefined): string | undefined {
  return element?.attributes.find(attribute => attribute.localName === 'type' && attribute.namespace !== '')
    ?.value;
}

/** Of a SOAP fault. */
export function faultType(fault: XmlElement): string | undefined {
  return typeOf(find(fault, 'detail')?.children[0]);
}

export function allText(element: XmlElement): string {
  return element.text + element.children.map(allText).join(' ');
}
