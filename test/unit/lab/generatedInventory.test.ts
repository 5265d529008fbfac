import { expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { GiB } from '../../../src/base/units.ts';
import { DiskStore } from '../../../src/lab/disk/diskStore.ts';
import type { XmlElement } from '../../../src/lab/soap/xmlTree.ts';
import { pattern } from '../../support/pattern.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { collector, find, findAll, ref, startTestLab, textOf, type TestLab } from './labFixture.ts';

const vmCount = 400;
const ownVms = ['web01', 'db01', 'build01', 'archive01'];

test('a generated inventory holds VMs of every kind, the same ones for the same seed', async () => {
  const [vms, again] = [await readVms(await generatedLab()), await readVms(await generatedLab())];
  expect(vms.size).toBe(vmCount + ownVms.length);
  // Their disks get new identifiers at every start.
  for (const name of ownVms) for (const one of [vms, again]) expect(one.delete(name)).toBe(true);
  expect(vms).toEqual(again);
  const count = (path: string, value: string) => [...vms.values()].filter(vm => vm[path] === value).length;
  expect(count('config.template', 'true')).toBe(8);
  expect(count('runtime.connectionState', 'orphaned')).toBe(1);
  expect(count('runtime.connectionState', 'inaccessible')).toBe(1);
  expect(count('runtime.connectionState', 'disconnected')).toBe(1);
  const inVApps = [...vms.values()].filter(vm => vm['parentVApp'] !== undefined);
  expect(inVApps).not.toEqual([]);
  for (const vm of inVApps) expect(vm['parent']).toBeUndefined();
  const unreadable = [...vms.values()].find(vm => vm['runtime.connectionState'] === 'inaccessible')!;
  expect(unreadable['config.template']).toBeUndefined();
  const clones = [...vms.values()].filter(vm => vm['config.hardware.device']?.includes('golden-000001.vmdk'));
  expect(clones.length).toBeGreaterThan(vmCount / 20);
  expect(new Set([...vms.values()].map(vm => vm['runtime.host'])).size).toBe(6);
});

test('whoever waits is told of the changed VMs alone', async () => {
  const lab = await generatedLab();
  await lab.call(
    'CreateFilter',
    collector,
    `${await vmSpec(lab, 'spec')}<partialUpdates>false</partialUpdates>`,
  );
  let version = '';
  let told = 0;
  for (let truncated = true; truncated;) {
    const set = await updatesAfter(lab, version);
    const objects = findAll(set, 'objectSet');
    expect(objects.length).toBeLessThanOrEqual(100);
    told += objects.length;
    version = textOf(set, 'version') ?? '';
    truncated = textOf(set, 'truncated') === 'true';
  }
  expect(told).toBe(vmCount + ownVms.length);
  expect(await lab.control('POST', '/vms', { count: 30, seed: 3 })).toEqual({ changed: 30 });
  const changes = findAll(await updatesAfter(lab, version), 'objectSet');
  expect(changes).toHaveLength(30);
  expect(changes.every(change => findAll(change, 'changeSet').length < 4)).toBe(true);
});

test('a disk without a file reads as zeros until it is written to', async () => {
  await using store = new DiskStore(temporaryFolder('unwritten'));
  const disk = store.unwritten('a', 100 * GiB);
  const bytes = new Uint8Array(4096).fill(1);
  await disk.readAt(0, 70 * GiB, bytes);
  expect(bytes.every(byte => byte === 0)).toBe(true);
  const written = pattern(4096, 0, 5);
  const position = await disk.write(70 * GiB, written);
  await disk.readAt(position, 70 * GiB, bytes);
  expect(bytes).toEqual(written);
  await disk.readAt(0, 70 * GiB, bytes);
  expect(bytes.every(byte => byte === 0)).toBe(true);
});

async function generatedLab(): Promise<TestLab> {
  const lab = await startTestLab(systemClock, vmCount);
  await lab.login();
  return lab;
}

const paths = [
  'name',
  'parent',
  'parentVApp',
  'config.template',
  'config.hardware.device',
  'runtime.host',
  'runtime.connectionState',
  'runtime.powerState',
  'runtime.consolidationNeeded',
  'config.guestFullName',
  'guest.toolsRunningStatus',
];

async function vmSpec(lab: TestLab, element: string): Promise<string> {
  const content = `${ref('container', ['Folder', 'group-d1'])}<type>VirtualMachine</type><recursive>true</recursive>`;
  const view = textOf(
    await lab.call('CreateContainerView', ['ViewManager', 'ViewManager'], content),
    'returnval',
  );
  const traversal =
    '<selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet>';
  return (
    `<${element}><propSet><type>VirtualMachine</type>${paths.map(path => `<pathSet>${path}</pathSet>`).join('')}` +
    `</propSet><objectSet>${ref('obj', ['ContainerView', view ?? ''])}<skip>true</skip>${traversal}</objectSet></${element}>`
  );
}

async function updatesAfter(lab: TestLab, version: string): Promise<XmlElement> {
  return await lab.call('WaitForUpdatesEx', collector, `<version>${version}</version>`);
}

/** The text of each property by the VM's name. */
async function readVms(lab: TestLab): Promise<Map<string, Readonly<Record<string, string | undefined>>>> {
  const vms = new Map<string, Readonly<Record<string, string | undefined>>>();
  let answer = await lab.call('RetrievePropertiesEx', collector, `${await vmSpec(lab, 'specSet')}<options/>`);
  for (;;) {
    for (const object of findAll(answer, 'objects')) {
      const values = findAll(object, 'propSet').map(
        property => [textOf(property, 'name') ?? '', flat(find(property, 'val'))] as const,
      );
      const vm: Readonly<Record<string, string | undefined>> = Object.fromEntries(values);
      vms.set(vm['name'] ?? '', vm);
    }
    const token = textOf(answer, 'token');
    if (token === undefined) return vms;
    answer = await lab.call('ContinueRetrievePropertiesEx', collector, `<token>${token}</token>`);
  }
}

function flat(element: XmlElement | undefined): string | undefined {
  return element === undefined ? undefined : [element.text, ...element.children.map(flat)].join(' ').trim();
}
