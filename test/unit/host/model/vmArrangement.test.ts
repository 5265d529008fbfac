import { l10n } from 'vscode';
import { expect, test } from 'vitest';

import { arrangeVms, type Grouping } from '../../../../src/host/model/vmArrangement.ts';
import { matchesFilter, parseVmFilter, type VmFilter } from '../../../../src/host/model/vmFilter.ts';
import { type VmFolderNode, type VmNode, vmTreeView } from '../../../../src/host/model/vmTreeModel.ts';
import type { VmDto } from '../../../../src/protocol/vm.ts';
import { predicted, vmDto } from '../hostFixture.ts';

const { t } = l10n;
const now = new Date('2026-03-01T12:00:00Z');
const production = { category: 'Environment', name: 'Production' };
const daily = { category: 'Backup plan', name: 'Daily' };

function vm(id: string, change: Partial<VmDto> = {}): VmDto {
  return vmDto({ id, name: id, inventoryPath: `/Lab/vm/${id}`, ...change });
}

/** Labels as they are seen, with the icon of each group. */
function outline(nodes: readonly (VmFolderNode | VmNode)[]): unknown[] {
  return nodes.map(node => {
    const { label, icon } = vmTreeView(node, now, t);
    return node.kind === 'vm' ? label : { [`${icon.name} ${label}`]: outline(node.children) };
  });
}

function arranged(vms: readonly VmDto[], grouping: Grouping) {
  return arrangeVms('vc', vms, new Map(), grouping);
}

function rowIds(nodes: readonly (VmFolderNode | VmNode)[]): string[] {
  return nodes.flatMap(node => [
    vmTreeView(node, now, t).id,
    ...(node.kind === 'folder' ? rowIds(node.children) : []),
  ]);
}

test('by datastores of each datacenter; a VM on two is below both, in rows of their own', () => {
  const nodes = arranged(
    [
      vm('b', { datastores: ['ssd', 'archive'] }),
      vm('a', { datastores: ['ssd'] }),
      vm('c', { datastores: ['ssd'], inventoryPath: '/Branch/vm/c' }),
      vm('lost', { datastores: [] }),
    ],
    'datastores',
  );
  expect(outline(nodes)).toEqual([
    { 'folder Branch': [{ 'database ssd': ['c'] }] },
    { 'folder Lab': [{ 'database archive': ['b'] }, { 'database ssd': ['a', 'b'] }, 'lost'] },
  ]);
  const ids = rowIds(nodes);
  expect(new Set(ids).size).toBe(ids.length);
});

test('by tags in their categories; what has none comes last, also beside a tag of any name', () => {
  const nodes = arranged(
    [
      vm('db', { tags: [daily, production] }),
      vm('web', { tags: [production] }),
      vm('odd', { tags: [{ category: '', name: '' }] }),
      vm('plain'),
    ],
    'tags',
  );
  expect(outline(nodes)).toEqual([
    { 'symbol-enum ': [{ 'tag ': ['odd'] }] },
    { 'symbol-enum Backup plan': [{ 'tag Daily': ['db'] }] },
    { 'symbol-enum Environment': [{ 'tag Production': ['db', 'web'] }] },
    { 'circle-slash Without a tag': ['plain'] },
  ]);
  const ids = rowIds(nodes);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a vApp is shown as one among the folders', () => {
  const inShop = { inventoryPath: '/Lab/vm/Shop/web', vAppName: 'Shop' };
  const nodes = arranged([vm('web', inShop), vm('db', { inventoryPath: '/Lab/vm/Data/db' })], 'folders');
  expect(outline(nodes)).toEqual([{ 'folder Lab': [{ 'folder Data': ['db'] }, { 'layers Shop': ['web'] }] }]);
});

test.each([
  ['template', 'notebook-template', { isTemplate: true, powerState: 'poweredOff' }],
  ['linked clone', 'link', { isLinkedClone: true }],
  ['orphaned', 'question', { connectionState: 'orphaned' }],
  ['inaccessible', 'circle-slash', { connectionState: 'inaccessible' }],
  ['disconnected', 'debug-disconnect', { connectionState: 'disconnected' }],
] as const)('a VM that is %s says so, with the icon %s', (word, icon, change) => {
  const [node] = arranged([vm('x', { ...change, inventoryPath: '/x' })], 'folders');
  const view = vmTreeView(node!, now, t);
  expect(view.icon.name).toBe(icon);
  expect(view.description).toMatch(new RegExp(`^${word} — `));
  expect(view.tooltip?.join('\n')).toContain(word);
});

test('of several things a VM is, the worst has the icon and all are said', () => {
  const [node] = arranged(
    [vm('x', { connectionState: 'orphaned', isLinkedClone: true, inventoryPath: '/x' })],
    'folders',
  );
  const view = vmTreeView(node!, now, t);
  expect(view.icon.name).toBe('question');
  expect(view.description).toMatch(/^orphaned — linked clone — /);
});

test('tags and vApp are in the tooltip', () => {
  const tags = [daily, production];
  const [node] = arranged([vm('x', { tags, vAppName: 'Shop', inventoryPath: '/x' })], 'folders');
  const lines = vmTreeView(node!, now, t).tooltip;
  expect(lines).toContain('Tags: Backup plan: Daily, Environment: Production');
  expect(lines).toContain('In the vApp Shop');
});

const vms = [
  vm('web01', { tags: [production, daily], predicted: predicted({ level: 'crash' }) }),
  vm('web02', {
    powerState: 'poweredOff',
    tags: [production],
    predicted: predicted({ level: 'filesystem' }),
  }),
  vm('db01', { isLinkedClone: true, predicted: predicted({ level: 'application' }) }),
  vm('golden', { isTemplate: true, powerState: 'poweredOff', predicted: predicted({ level: 'filesystem' }) }),
  vm('shop', { vAppName: 'Shop', connectionState: 'orphaned', predicted: predicted({ level: 'none' }) }),
];

test.each([
  ['', ['web01', 'web02', 'db01', 'golden', 'shop']],
  ['WEB', ['web01', 'web02']],
  ['w 01', ['web01']],
  ['@tag:production', ['web01', 'web02']],
  ['@tag:"backup plan/d"', ['web01']],
  ['@tag:Production @tag:Daily', ['web01']],
  ['@level:crash @level:none', ['web01', 'shop']],
  ['web @level:filesystem', ['web02']],
  ['@is:off', ['web02', 'golden']],
  ['@is:template', ['golden']],
  ['@is:linked-clone', ['db01']],
  ['@is:orphaned @is:vapp', ['shop']],
  ['@tag:nothing', []],
])('the filter "%s" shows %j', (text, names) => {
  const filter = parseVmFilter(text, t) as VmFilter;
  expect(vms.filter(one => matchesFilter(one, filter)).map(({ name }) => name)).toEqual(names);
});

test.each([
  ['@level:best', 'A level is one of none, crash, filesystem, application'],
  ['@is:broken', 'A VM is one of on, off, vapp, template'],
  ['web @owner:me', '@owner:me is not known'],
  ['@web', '@web is not known'],
  ['@tag:', '@tag: is not known'],
])('the filter "%s" is refused with what would be right', (text, problem) => {
  expect(parseVmFilter(text, t)).toEqual({ problem: expect.stringContaining(problem) as string });
});
