import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import { heldPassword } from '../../../../src/base/credentialSource.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { Secret } from '../../../../src/base/secret.ts';
import { listVirtualMachines } from '../../../../src/core/inventory/listVirtualMachines.ts';
import { VimClient } from '../../../../src/core/vsphere/node/vimClient.ts';
import { requestXml } from '../../../../src/core/vsphere/requestXml.ts';
import {
  fieldsOf,
  isPrimitive,
  operation,
  schemaVersion,
} from '../../../../src/core/vsphere/schema/schema.ts';
import type { Field } from '../../../../src/core/vsphere/schema/parseTable.ts';
import { VimSession } from '../../../../src/core/vsphere/session.ts';
import { waitForTask } from '../../../../src/core/vsphere/task.ts';
import type { Arguments, OperationName, VimCaller } from '../../../../src/core/vsphere/vimCaller.ts';
import { SeededRandom } from '../../../../src/lab/guest/seededRandom.ts';
import { decodeRequest } from '../../../../src/lab/soap/decodeRequest.ts';
import { VimFault } from '../../../../src/lab/soap/vimFault.ts';
import { escapeXml, parseXml, type XmlElement } from '../../../../src/lab/soap/xmlTree.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { password, startTestLab, user } from '../labFixture.ts';

// Requests of the product that a server has answered, each made wrong in one place: a real vCenter takes none of them.
const mutationCount = 500;
const seed = Number(process.env['QUIESCE_SEED'] ?? 20_261);

/** An element of a request, with what the table says of its content. */
interface Node {
  readonly name: string;
  readonly attributes: string;
  readonly text: string;
  readonly children: Node[];
  /** Of the children; undefined where they are not described, or there are none. */
  readonly fields: readonly Field[] | undefined;
}

const kinds = {
  /** Two neighbors of different names change places. */
  order: (node: Node) => {
    const at = node.children.findIndex(
      (child, index) => child.name !== (node.children[index + 1]?.name ?? child.name),
    );
    const [first, second] = [node.children[at], node.children[at + 1]];
    if (first === undefined || second === undefined) return false;
    node.children.splice(at, 2, second, first);
    return true;
  },
  unknown: (node: Node, random: SeededRandom) => {
    if (node.fields === undefined) return false;
    const name = `unknown${random.below(1000)}`;
    const added: Node = { name, attributes: '', text: 'x', children: [], fields: undefined };
    node.children.splice(random.below(node.children.length + 1), 0, added);
    return true;
  },
  missing: (node: Node, random: SeededRandom) => {
    const required = (node.fields ?? []).filter(
      field => !field.optional && node.children.some(child => child.name === field.name),
    );
    const field = required[random.below(required.length || 1)];
    if (field === undefined) return false;
    const kept = node.children.filter(child => child.name !== field.name);
    node.children.splice(0, node.children.length, ...kept);
    return true;
  },
  nil: (node: Node, random: SeededRandom) => {
    const index = random.below(node.children.length || 1);
    const child = node.children[index];
    if (child === undefined || node.fields === undefined) return false;
    node.children[index] = {
      ...child,
      attributes: `${child.attributes} xsi:nil="true"`,
      text: '',
      children: [],
    };
    return true;
  },
  twice: (node: Node) => {
    const single = (node.fields ?? []).filter(field => !field.repeated);
    const index = node.children.findIndex(child => single.some(field => field.name === child.name));
    const child = node.children[index];
    if (child === undefined) return false;
    node.children.splice(index, 0, child);
    return true;
  },
} satisfies Readonly<Record<string, (node: Node, random: SeededRandom) => boolean>>;

describe('a request with one mistake is refused', () => {
  let recorded: readonly string[] = [];

  beforeAll(() => {
    process.stdout.write(`QUIESCE_SEED=${seed}\n`);
  });

  test('the requests themselves are good', async () => {
    recorded = await recordRequests();
    expect(new Set(recorded.map(text => decodeRequest(text, schemaVersion).operation)).size).toBeGreaterThan(
      12,
    );
    // As they are put together again here, they still are.
    for (const text of recorded)
      expect(decodeRequest(enveloped(readNode(text)), schemaVersion)).toEqual(
        decodeRequest(text, schemaVersion),
      );
  });

  test(`${mutationCount} mistakes of ${Object.keys(kinds).join(', ')}`, () => {
    const random = new SeededRandom(seed);
    const seen = new Map<string, number>();
    const names = Object.keys(kinds) as (keyof typeof kinds)[];
    for (let done = 0; done < mutationCount;) {
      const root = readNode(recorded[random.below(recorded.length)]!);
      const nodes = allNodes(root);
      const kind = names[random.below(names.length)]!;
      if (!kinds[kind](nodes[random.below(nodes.length)]!, random)) continue;
      done += 1;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      const text = enveloped(root);
      expect(refusal(text), `${kind}: ${text}`).toBe('InvalidRequest');
    }
    for (const kind of names) expect(seen.get(kind)).toBeGreaterThan(30);
  });
});

function refusal(text: string): string {
  try {
    decodeRequest(text, schemaVersion);
    return 'accepted';
  } catch (error) {
    return error instanceof VimFault ? error.type : String(error);
  }
}

/** What the product sends while it lists, reads, snapshots, exports and imports. */
async function recordRequests(): Promise<string[]> {
  const { lab } = await startTestLab();
  const client = await VimClient.connect(lab.url, { fingerprint: lab.fingerprint }, anySignal);
  const texts: string[] = [];
  const recorder: VimCaller = {
    call: async <Name extends OperationName>(
      name: Name,
      target: Parameters<VimCaller['call']>[1],
      args: Arguments<Name>,
      signal: AbortSignal,
    ) => {
      texts.push(envelope(name, requestXml(operation(name), target, args)));
      return await client.call(name, target, args, signal);
    },
  };
  const credentials = { user, source: heldPassword(new Secret(password)) };
  const deps = { clock: systemClock, logger: silentLogger };
  const session = await VimSession.open(recorder, 'lab', credentials, deps, anySignal);
  const vms = await listVirtualMachines(session, anySignal);
  const vm = vms.find(({ name }) => name === 'archive01')!.ref;
  const task = async (ref: typeof vm) =>
    (await waitForTask(session, ref, { what: 'a task', object: 'archive01' }, anySignal)) as typeof vm;
  const quiesceSpec = { _type: 'VirtualMachineWindowsQuiesceSpec', timeout: 5, vssBackupContext: 'ctx_auto' };
  const named = { name: 'a', description: 'b', memory: false };
  await task(await session.call('CreateSnapshot_Task', vm, { ...named, quiesce: false }, anySignal));
  const snapshot = await task(
    await session.call('CreateSnapshotEx_Task', vm, { ...named, quiesceSpec }, anySignal),
  );
  const lease = await session.call('ExportSnapshot', snapshot, {}, anySignal);
  await session.call('HttpNfcLeaseProgress', lease, { percent: 5 }, anySignal).catch(() => undefined);
  await session.call('HttpNfcLeaseAbort', lease, {}, anySignal);
  await task(
    await session.call(
      'RemoveSnapshot_Task',
      snapshot,
      { removeChildren: true, consolidate: true },
      anySignal,
    ),
  );
  const disk = {
    _type: 'VirtualDisk',
    key: -1,
    controllerKey: 1000,
    unitNumber: 5,
    capacityInKB: 1024,
    backing: { _type: 'VirtualDiskFlatVer2BackingInfo', fileName: '', diskMode: 'persistent' },
  };
  const spec = {
    name: 'archive02',
    annotation: 'changed',
    numCPUs: 2,
    memoryMB: 1024,
    deviceChange: [{ operation: 'add', fileOperation: 'create', device: disk }],
    extraConfig: [{ key: 'guestinfo.a', value: '1' }],
  };
  await task(await session.call('ReconfigVM_Task', vm, { spec }, anySignal));
  await task(await session.call('PowerOnVM_Task', vm, {}, anySignal));
  await session[Symbol.asyncDispose]();
  client.close();
  return texts;
}

const namespaces =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' +
  ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

function envelope(name: string, content: string): string {
  return `<soapenv:Envelope ${namespaces}><soapenv:Body><${name} xmlns="urn:vim25">${content}</${name}></soapenv:Body></soapenv:Envelope>`;
}

function enveloped(root: Node): string {
  return envelope(root.name, root.children.map(textOf).join(''));
}

function textOf({ name, attributes, text, children }: Node): string {
  return `<${name}${attributes}>${escapeXml(text)}${children.map(textOf).join('')}</${name}>`;
}

function readNode(text: string): Node {
  const method = parseXml(text).children[0]!.children[0]!;
  const self: Field = { name: '_this', type: 'ref', optional: false, repeated: false };
  return toNode(method, [self, ...operation(method.localName).parameters]);
}

function toNode(element: XmlElement, fields: readonly Field[] | undefined): Node {
  return {
    name: element.localName,
    attributes: element.attributes
      .filter(({ namespace }) => namespace !== 'http://www.w3.org/2000/xmlns/')
      .map(
        ({ namespace, localName, value }) =>
          ` ${namespace === '' ? '' : 'xsi:'}${localName}="${escapeXml(value)}"`,
      )
      .join(''),
    text: element.text,
    children: element.children.map(child => toNode(child, fieldsWithin(child, fields))),
    fields,
  };
}

function fieldsWithin(
  element: XmlElement,
  fields: readonly Field[] | undefined,
): readonly Field[] | undefined {
  const declared = fields?.find(({ name }) => name === element.localName)?.type;
  const named = element.attributes.find(
    ({ localName, namespace }) => localName === 'type' && namespace !== '',
  )?.value;
  const type = named ?? declared;
  if (type === undefined || type.startsWith('xsd:') || isPrimitive(type) || type === 'ManagedObjectReference')
    return undefined;
  return fieldsOf(type);
}

function allNodes(root: Node): Node[] {
  return [root, ...root.children.flatMap(allNodes)];
}
