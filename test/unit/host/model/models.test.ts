import fc from 'fast-check';
import { l10n } from 'vscode';
import { expect, test } from 'vitest';

import {
  failureActions,
  failureView,
  isWorthTelling,
  sentence,
} from '../../../../src/host/model/errorText.ts';
import { guestAddress, linkTarget, parseGuestAddress } from '../../../../src/host/model/guestPath.ts';
import { fileRestoreText, vmRestoreText } from '../../../../src/host/model/planText.ts';
import { guestNodes, pointTreeView, volumeNodes } from '../../../../src/host/model/pointTreeModel.ts';
import { formatAge } from '../../../../src/host/model/time.ts';
import { arrangeVms } from '../../../../src/host/model/vmArrangement.ts';
import { type VmFolderNode, type VmNode, vmTreeView } from '../../../../src/host/model/vmTreeModel.ts';
import type { StandingDto } from '../../../../src/protocol/recovery.ts';
import type { LimitDto } from '../../../../src/protocol/vm.ts';
import { guestNode, pointId, predicted, vmDto } from '../hostFixture.ts';

const { t } = l10n;
const now = new Date('2026-03-01T12:00:00Z');
const ref = { repository: 'main', point: pointId };

function outline(nodes: readonly (VmFolderNode | VmNode)[]): unknown[] {
  return nodes.map(node => (node.kind === 'vm' ? node.vm.name : { [node.name]: outline(node.children) }));
}

test('VMs are arranged by their folders, folders first, without the folder every datacenter has', () => {
  const at = (id: string, inventoryPath: string) =>
    vmDto({ id, inventoryPath, name: inventoryPath.split('/').at(-1) ?? '' });
  const vms = [
    at('1', '/Lab/vm/web02'),
    at('2', '/Lab/vm/Production/Web/web01'),
    at('3', '/Lab/vm/Production/db01'),
    at('4', '/Branch/vm/vm/odd'),
    at('5', '/Lab/vm/Archive/old'),
  ];
  expect(outline(arrangeVms('vc', vms, new Map(), 'folders'))).toEqual([
    { Branch: [{ vm: ['odd'] }] },
    { Lab: [{ Archive: ['old'] }, { Production: [{ Web: ['web01'] }, 'db01'] }, 'web02'] },
  ]);
});

test('the same VMs are arranged by the hosts that run them, a host of its own only once', () => {
  const at = (id: string, computePath: string) => vmDto({ id, name: `vm${id}`, computePath });
  const vms = [
    at('1', '/Lab/host/Cluster/esx02/vm1'),
    at('2', '/Lab/host/Cluster/esx01/vm2'),
    at('3', '/Lab/host/alone/alone/vm3'),
    at('4', ''),
  ];
  const nodes = arrangeVms('vc', vms, new Map(), 'hosts');
  expect(outline(nodes)).toEqual([
    { Lab: [{ alone: ['vm3'] }, { Cluster: [{ esx01: ['vm2'] }, { esx02: ['vm1'] }] }] },
    'vm4',
  ]);
  const icons = (list: typeof nodes): string[] =>
    list.flatMap(node =>
      node.kind === 'folder'
        ? [`${node.name} ${vmTreeView(node, now, t).icon.name}`, ...icons(node.children)]
        : [],
    );
  expect(icons(nodes)).toEqual([
    'Lab folder',
    'alone server',
    'Cluster folder',
    'esx01 server',
    'esx02 server',
  ]);
});

const newest = {
  repository: 'main',
  point: {
    id: pointId,
    takenAt: '2026-03-01T09:00:00Z',
    vmName: 'web01',
    serverInstanceUuid: 's',
    proven: 'crash',
  },
} as const;

const noTools: LimitDto = {
  ...{ rule: 'TLS-02', reason: 'Tools not running', text: 'VMware Tools do not run in the guest' },
  ...{ remedy: 'Start them', certainty: 'certain', cap: 'crash', levelAfterFix: 'filesystem' },
  source: 'A guide',
};
const noUuids: LimitDto = { ...noTools, rule: 'DSK-11', cap: 'filesystem', levelAfterFix: 'application' };
const vss = { level: 'application', mechanism: 'vss', levelAfterAllFixes: 'application' } as const;
const withoutUuids = {
  level: 'filesystem',
  mechanism: 'vss-without-writers',
  levelAfterAllFixes: 'application',
} as const;
const isOff: LimitDto = { ...noTools, rule: 'PWR-02', reason: 'powered off, not known how' };

test.each([
  [
    vmDto(),
    undefined,
    'filesystem · FIFREEZE — no restore point',
    'shield',
    'vm;power=poweredOn;protected=no',
  ],
  [
    vmDto({ predicted: predicted({ level: 'crash', certainty: 'certain', limits: [noTools] }) }),
    newest,
    'crash · Tools not running — proven crash · 3 h ago',
    'warning',
    'vm;power=poweredOn;protected=yes',
  ],
  [
    vmDto({ powerState: 'poweredOff', predicted: predicted({ level: 'crash', limits: [isOff] }) }),
    undefined,
    'crash · powered off, not known how — no restore point',
    'warning',
    'vm;power=poweredOff;protected=no',
  ],
  [
    vmDto({
      powerState: 'suspended',
      predicted: predicted({ level: 'none', limits: [{ ...noTools, cap: 'none' }] }),
    }),
    undefined,
    'none · Tools not running — suspended — no restore point',
    'error',
    'vm;power=suspended;protected=no',
  ],
  [
    vmDto({ predicted: predicted({ ...vss, certainty: 'uncertain' }) }),
    undefined,
    'application (uncertain) · VSS — no restore point',
    'question',
    'vm;power=poweredOn;protected=no',
  ],
  [
    vmDto({
      predicted: predicted({
        ...vss,
        outsideDisks: [{ rule: 'DSK-01', deviceKey: 2001, label: 'Hard disk 2', reason: 'independent' }],
      }),
    }),
    undefined,
    'application · 1 disk outside the snapshot — no restore point',
    'warning',
    'vm;power=poweredOn;protected=no',
  ],
  [
    vmDto({ predicted: predicted(vss) }),
    undefined,
    'application · VSS — no restore point',
    'shield',
    'vm;power=poweredOn;protected=no',
  ],
  [
    vmDto({ predicted: predicted({ ...withoutUuids, limits: [noUuids] }) }),
    undefined,
    'filesystem · 1 fix available — no restore point',
    'shield',
    'vm;power=poweredOn;protected=no',
  ],
  [
    vmDto({ predicted: predicted({ ...withoutUuids, limits: [noUuids, { ...noUuids, rule: 'DSK-07' }] }) }),
    undefined,
    'filesystem · 2 fixes available — no restore point',
    'shield',
    'vm;power=poweredOn;protected=no',
  ],
])(
  'a VM says what is predicted and what is proven, never in one: %#',
  (vm, point, description, icon, contextValue) => {
    const view = vmTreeView({ kind: 'vm', vcenter: 'vc', vm, newest: point }, now, t);
    expect({ description: view.description, icon: view.icon.name, contextValue: view.contextValue }).toEqual({
      ...{ description, icon, contextValue },
    });
  },
);

test('the tooltip names every reason with its remedy and what that buys, the ceiling, and what is not known', () => {
  const vm = vmDto({
    predicted: predicted({
      level: 'crash',
      certainty: 'certain',
      limits: [noTools],
      remarks: [
        { rule: 'SNAP-01', reason: 'r', text: 'disks need it', certainty: 'certain', source: 'The API' },
      ],
      unknowns: [{ rule: 'CFG-02', question: 'what is set in tools.conf' }],
    }),
  });
  const { tooltip } = vmTreeView({ kind: 'vm', vcenter: 'vc', vm, newest: undefined }, now, t);
  expect(tooltip).toEqual(
    expect.arrayContaining([
      'Predicted for a backup now: crash-consistent (certain)',
      'VMware Tools do not run in the guest. Start them. (TLS-02, certain. Source: A guide) Then: file-system-consistent.',
      'Disks need it. (SNAP-01, certain. Source: The API)',
      'At best: file-system-consistent',
      'Basis: VMware Tools freeze the file systems. (OS-LINUX-FIFREEZE)',
      'With all of that remedied: file-system-consistent',
      'Not known: what is set in tools.conf (CFG-02)',
    ]),
  );
});

const standing: StandingDto = {
  vmId: 'vm-1',
  goal: { goal: { minimumLevel: 'filesystem' }, setBy: 'kim', setAt: '2026-03-01T00:00:00Z' },
  ...{ state: 'met', gaps: [], acceptances: [], expired: [] },
  recoveryTime: { kind: 'unknown', why: '' },
};
const tooOld = { kind: 'age', text: 'the newest restore point is 26 h old' } as const;
const acceptance = {
  ...{ by: 'kim', at: '2026-03-01T00:00:00Z', reason: 'moving', until: '2026-03-08T00:00:00Z' },
  gaps: ['age' as const],
};

test.each<readonly [string, Partial<StandingDto>, RegExp, string, string]>([
  ['met', {}, /goal met$/, 'pass-filled', 'testing.iconPassed'],
  ['missed', { state: 'gap', gaps: [tooOld] }, /goal missed: too old$/, 'error', 'list.errorForeground'],
  [
    'accepted',
    { state: 'accepted', gaps: [tooOld], acceptances: [acceptance] },
    /gap accepted until 2026-03-0\d \d\d:\d\d$/,
    ...(['thumbsup', 'list.warningForeground'] as const),
  ],
  [
    'accepted no more',
    { state: 'gap', gaps: [tooOld], expired: [acceptance] },
    /goal missed: too old; acceptance ended$/,
    ...(['error', 'list.errorForeground'] as const),
  ],
])('a goal that is %s is said in words, and green is met alone', (_, change, words, name, color) => {
  const node = {
    kind: 'vm',
    vcenter: 'vc',
    vm: vmDto(),
    newest,
    standing: { ...standing, ...change },
  } as const;
  const view = vmTreeView(node, now, t);
  expect(view.description).toMatch(words);
  expect(view.icon).toEqual({ name, color });
  expect(view.tooltip).toContain('Goal: at least file-system-consistent');
});

test('whatever is predicted is not green', () => {
  for (const level of ['none', 'crash', 'filesystem', 'application'] as const)
    for (const certainty of ['certain', 'likely', 'uncertain'] as const) {
      const vm = vmDto({ predicted: predicted({ level, certainty }) });
      const { icon } = vmTreeView({ kind: 'vm', vcenter: 'vc', vm, newest: undefined }, now, t);
      expect(icon.color).not.toBe('testing.iconPassed');
    }
});

test.each([
  [0, 'just now'],
  [59_999, 'just now'],
  [60_000, '1 min ago'],
  [3_599_999, '59 min ago'],
  [3_600_000, '1 h ago'],
  [47 * 3_600_000, '47 h ago'],
  [48 * 3_600_000, '2 days ago'],
])('an age of %i ms reads %s', (ageMs, expected) => {
  expect(formatAge(new Date(now.getTime() - ageMs).toISOString(), now, t)).toBe(expected);
});

test('a failure is told with its remedy, a cancellation is not told', () => {
  const failure = {
    code: 'UNREACHABLE',
    message: 'vc does not answer',
    remedy: 'Try later',
    retryable: true,
  } as const;
  expect(sentence(failure)).toBe('Vc does not answer. Try later.');
  expect(failureActions(failure)).toEqual(['retry', 'showLog']);
  expect(failureActions({ ...failure, retryable: false })).toEqual(['showLog']);
  expect(isWorthTelling({ ...failure, code: 'CANCELLED' })).toBe(false);
  expect(failureView(failure, 'vcenter/vc', t)).toMatchObject({
    id: 'vcenter/vc/failure',
    label: 'Not available',
    tooltip: ['Vc does not answer. Try later.'],
  });
});

test.each([
  ['/etc/mtab', '../proc/mounts', '/proc/mounts'],
  ['/etc/localtime', '/usr/share/zoneinfo/UTC', '/usr/share/zoneinfo/UTC'],
  ['/a/b/c', './d//e', '/a/b/d/e'],
  ['/a', '../../../x', '/x'],
  ['/a', '..', '/'],
])('the link %s → %s leads to %s', (path, target, expected) => {
  expect(linkTarget(path, target)).toBe(expected);
});

test("a guest file's address leads back to it, whatever the names", () => {
  const name = fc
    .string({ minLength: 1, unit: 'grapheme' })
    .filter(text => !text.includes('/') && text.trim() !== '');
  const paths = fc.array(name, { maxLength: 4 }).map(names => `/${names.join('/')}`);
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.nat(128),
      paths,
      (repository, deviceKey, volumeIndex, path) => {
        const at = { repository, point: pointId, deviceKey, volumeIndex, path };
        expect(parseGuestAddress(guestAddress(at))).toEqual(at);
      },
    ),
  );
});

test.each([
  { authority: '', path: '/main/etc' },
  { authority: `${pointId}.2000`, path: '/main/etc' },
  { authority: `${pointId.slice(1)}.2000.1`, path: '/main/etc' },
  { authority: `${pointId}.2000.1`, path: '/' },
])('what is no address of ours is not taken for one: %j', address => {
  expect(parseGuestAddress(address)).toBeUndefined();
});

test('folders come first, and only they open; files and links open in the editor', () => {
  const folder = { ...ref, deviceKey: 2000, volumeIndex: 1, path: '/etc' };
  const entries = [
    guestNode('zebra'),
    guestNode('mtab', { kind: 'symlink', linkTarget: '../proc/mounts' }),
    guestNode('apt', { kind: 'directory' }),
    guestNode('initctl', { kind: 'fifo' }),
  ];
  const views = guestNodes(folder, 'web01', entries).map(node => pointTreeView(node, now, t));
  expect(
    views.map(({ label, description, children, command }) => [label, description, children, command?.id]),
  ).toEqual([
    ['apt', undefined, 'collapsed', undefined],
    ['initctl', undefined, 'none', undefined],
    ['mtab', '→ ../proc/mounts', 'none', 'quiesce.openGuestFile'],
    ['zebra', '1.5 KiB', 'none', 'quiesce.openGuestFile'],
  ]);
  expect(views[3]?.tooltip?.[1]).toBe('rw-r----- 0:42');
  expect(views[3]?.id).toBe(`point/main/${pointId}/2000/1/etc/zebra`);
});

test('a damaged partition table is said beside the volumes that were found', () => {
  const disk = {
    deviceKey: 2000,
    label: 'Hard disk 1',
    capacityBytes: 1024,
    scheme: 'gpt',
    volumes: [{ volumeIndex: 1, name: '', role: 'data', offsetBytes: 512, sizeBytes: 512 }],
    problems: ['the second table differs'],
  } as const;
  const views = volumeNodes({ kind: 'disk', ref, vmName: 'web01', disk }).map(node =>
    pointTreeView(node, now, t),
  );
  expect(views.map(({ label, children, icon }) => [label, children, icon.name])).toEqual([
    ['Volume 1', 'none', 'server'],
    ['the second table differs', 'none', 'warning'],
  ]);
});

test('the plan of a restore says what is lost, and counts what it does not show', () => {
  const items = Array.from({ length: 12 }, (_, index) => ({
    kind: 'file' as const,
    guestPath: `/etc/f${index}`,
    targetPath: `/to/f${index}`,
    sizeBytes: 1,
    replaces: index === 1,
  }));
  const plan = {
    targetFolder: '/to',
    items,
    itemCount: 40,
    replacedCount: 1,
    skippedCount: 0,
    totalBytes: 40,
    problems: ['p1'],
  };
  const { question, lines, action } = fileRestoreText(plan, t);
  expect(question).toBe('Restore 40 items (40 B) to /to?');
  expect(lines[0]).toBe('One existing file is replaced; what it holds now is lost.');
  expect(lines[2]).toBe('/etc/f1 → /to/f1 (replaced)');
  expect(lines.slice(9)).toEqual(['… and 32 more', '1 items cannot be restored; the others are:', 'p1']);
  expect(action).toBe('Restore and Replace');
});

test('the plan of a VM names every difference and warning', () => {
  const plan = {
    ...{
      originalName: 'web01',
      vcenter: 'vc.lab',
      name: 'web01-back',
      folder: '/Lab/vm',
      resourcePool: 'pool',
      datastore: 'ds',
    },
    networks: [{ from: 'VM Network', to: 'Test' }],
    connectNetworks: true,
    disks: [{ deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024 }],
    changes: [{ field: 'uuid', reason: 'a new one' }],
    warnings: ['no such CPU'],
  };
  const { question, lines } = vmRestoreText(plan, t);
  expect(question).toBe('Restore web01 as the new VM web01-back?');
  expect(lines).toEqual(
    expect.arrayContaining([
      'vCenter: vc.lab',
      'Datastore: ds',
      'Network: Test instead of VM Network',
      'Network cards are connected at power-on.',
      'Hard disk 1: 1 KiB',
      '• uuid: a new one',
      'Warning: no such CPU',
    ]),
  );
});
