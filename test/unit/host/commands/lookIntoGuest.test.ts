import { l10n } from 'vscode';
import { afterEach, expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { lookIntoGuest } from '../../../../src/host/commands/lookIntoGuest.ts';
import { guestLookMarkdown } from '../../../../src/host/model/guestLookText.ts';
import {
  type GuestLookDto,
  lookIntoGuest as lookRequest,
  openLiveGuest,
} from '../../../../src/protocol/liveGuest.ts';
import type { ExplanationDto, VmDto } from '../../../../src/protocol/vm.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

const { t } = l10n;
const source = { title: 'A guide' };
const explanation: ExplanationDto = {
  ...{ name: 'web01', inventoryPath: '/Lab/vm/web01', level: 'crash', mechanism: 'none' },
  ...{ certainty: 'certain', ceiling: 'filesystem', coverage: 'whole-vm' },
  base: { rule: 'OS-LINUX', text: 'Tools freeze it', certainty: 'certain', source },
  ...{ limits: [], outsideDisks: [], unknowns: [], remarks: [], notes: [] },
};
const look: GuestLookDto = {
  seenAt: '2026-03-01T09:00:00Z',
  toolsConfig: {
    ...{ enableSyncDriver: false, enableVss: true, disableAppQuiescing: false, runsScripts: true },
    ...{ excludedFileSystems: ['/da*ta'], ignoreFrozenFileSystems: false },
  },
  fileSystems: [{ path: '/', kind: 'ext4' }],
  databases: [],
  freezeScripts: ['/etc/10-a', '/etc/20-b'],
  ownFreezers: ['/etc/20-b'],
  problems: ['no account may read /root'],
  explanation,
};

afterEach(() => registeredCommands.clear());

async function fixture(ui: ScriptedUi) {
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ name: 'vc', url: 'https://vc', user: 'admin', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/vc', 'right');
  const shown: string[] = [];
  registeredCommands.set('markdown.showPreview', uri => shown.push(String(uri)));
  worker.on(openLiveGuest, ({ password }) => {
    if (password !== 'right') throw new AppError('AUTHENTICATION', 'the guest refuses it');
    return {};
  });
  worker.on(lookRequest, () => look);
  const vm = vmDto({ instanceUuid: 'uuid-1' });
  const node = { kind: 'vm', vcenter: 'vc', vm, newest: undefined } as const;
  return { host, worker, node, shown };
}

test('the guest is looked into as an account that is asked for once', async () => {
  const ui = new ScriptedUi([{ type: 'root' }, { type: 'wrong' }, { type: 'right' }]);
  const { host, worker, node, shown } = await fixture(ui);
  await lookIntoGuest(host, node);
  await lookIntoGuest(host, node);
  expect(ui.left).toBe(0);
  expect(ui.refused).toEqual(['AppError: the guest refuses it']);
  const guest = { vm: { vcenter: 'vc', id: 'vm-1', name: 'web01' }, user: 'root' };
  expect(worker.paramsOf(lookRequest)).toEqual([guest, guest]);
  expect(shown).toHaveLength(2);
});

test('a VM whose identity cannot be read has no account that could be kept', async () => {
  const { host, node } = await fixture(new ScriptedUi([]));
  const vm = Object.fromEntries(Object.entries(node.vm).filter(([key]) => key !== 'instanceUuid'));
  const unknown = { ...node, vm: vm as unknown as VmDto };
  await expect(lookIntoGuest(host, unknown)).rejects.toMatchObject({ code: 'PERMISSION' });
});

test('what was seen is said part by part, what nobody could see is not, and names stay text', () => {
  const page = guestLookMarkdown('web01', look, t).replaceAll('\\', '');
  for (const line of [
    '- No account may read /root.',
    '- Sync driver: off',
    '- Quiescing of applications: on',
    '- /: ext4',
    '- None',
    '- /etc/10-a',
    '- /etc/20-b: freezes file systems itself',
    '# Consistency of web01',
  ])
    expect(page.split('\n')).toContain(line);
  expect(guestLookMarkdown('web01', look, t)).toContain('\\/da\\*ta');
  for (const missing of ['VSS writers', 'Storage past the disks', 'Volumes of Windows'])
    expect(page).not.toContain(missing);
  const windows = {
    ...look,
    writers: [{ id: 'w', name: 'SqlServerWriter', state: 8 }],
    usesDynamicDisks: true,
  };
  const seen = guestLookMarkdown('web01', windows, t).replaceAll('\\', '');
  expect(seen).toContain('- SqlServerWriter: in state 8, which is not stable');
  expect(seen).toContain('- Dynamic disks are in use');
});
