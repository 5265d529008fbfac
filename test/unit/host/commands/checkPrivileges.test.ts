import { expect, onTestFinished, test } from 'vitest';
import type { Uri } from 'vscode';

import { AppError } from '../../../../src/base/errors.ts';
import { checkPrivileges } from '../../../../src/host/commands/checkPrivileges.ts';
import type { Pages } from '../../../../src/host/pages.ts';
import { probePrivileges, type PrivilegeReportDto } from '../../../../src/protocol/privileges.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

const report: PrivilegeReportDto = {
  server: 'vc.lab',
  user: 'LAB\\back*up',
  kinds: { vm: { seenCount: 4, askedCount: 4 }, network: { seenCount: 0, askedCount: 0 } },
  features: [
    {
      id: 'backup',
      title: 'Backup',
      isUsable: false,
      note: 'It is so.',
      needs: [
        need('VApp.Export', 'vm', 'missing', ['a', 'b', 'c'], 4),
        need('VirtualMachine.State.CreateSnapshot', 'vm', 'partly', ['web|01'], 1),
        need('VirtualMachine.State.RemoveSnapshot', 'vm', 'partly', ['a', 'b', 'c'], 9),
        need('Network.Assign', 'network', 'unseen', [], 0),
        need('System.Read', 'vm', 'granted', [], 0),
      ],
    },
    { id: 'restoreDisk', title: 'Restore a disk', isUsable: true, needs: [] },
  ],
  roleCommand: 'govc role.create Quiesce',
};

function need(
  privilege: string,
  on: string,
  state: 'granted' | 'partly' | 'missing' | 'unseen',
  missingOn: readonly string[],
  missingCount: number,
) {
  return { privilege, on, why: 'do it', state, missingOn, missingCount };
}

async function bench(ui: ScriptedUi) {
  const fixture = hostFixture(ui);
  const { host, worker } = fixture;
  await host.known.saveVCenter({ name: 'vc/lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/vc/lab', 'right');
  worker.on(probePrivileges, () => report);
  const shown: Uri[] = [];
  registeredCommands.set('markdown.showPreview', uri => shown.push(uri as Uri));
  onTestFinished(() => registeredCommands.clear());
  return { ...fixture, shown, pages: host.pages as Pages };
}

const row = { kind: 'vcenter', name: 'vc/lab', url: 'https://vc.lab' } as const;

test('a vCenter is asked once, and what is missing stands in a Markdown document', async () => {
  const { host, worker, shown, pages } = await bench(new ScriptedUi([]));
  await checkPrivileges(host, row);
  const [uri] = shown;
  expect(uri).toMatchObject({ scheme: 'quiesce-page', path: '/Privileges on vc∕lab.md' });
  const text = pages.provideTextDocumentContent(uri!);
  expect(worker.paramsOf(probePrivileges)).toEqual([{ vcenter: 'vc/lab' }]);
  expect(text).toMatch(/^# Privileges of LAB\\\\back\\\*up on vc\\\.lab\n/);
  expect(text).toContain('1 of 2 features can be used everywhere');
  expect(text).toContain('It is so\\.\n');
  expect(text).toContain('`VApp.Export` \\(VMs\\: all 4\\)');
  expect(text).toContain('`VirtualMachine.State.CreateSnapshot` \\(VMs\\: web\\|01\\)');
  expect(text).toContain('a\\, b\\, c and 6 more');
  expect(text).toContain('`Network.Assign` \\(networks\\: none\\, or none may be seen\\)');
  expect(text).toContain('```sh\ngovc role.create Quiesce\n```');
  expect(text).not.toMatch(/`System\.Read` \\\(/);
});

test('an account that lacks nothing needs no role', async () => {
  const { host, worker, shown, pages } = await bench(new ScriptedUi([]));
  const features = report.features.filter(({ isUsable }) => isUsable);
  worker.on(probePrivileges, () => ({ ...report, features }));
  await checkPrivileges(host, row);
  const text = pages.provideTextDocumentContent(shown[0]!);
  expect(text).toContain('The account may do everything');
  expect(text).not.toContain('govc');
});

test('from the palette it asks which vCenter', async () => {
  const ui = new ScriptedUi([{ pick: 'vc/lab' }]);
  const { host, shown } = await bench(ui);
  await checkPrivileges(host, undefined);
  expect(ui.left).toBe(0);
  expect(shown).toHaveLength(1);
});

test('a failure is told and opens nothing', async () => {
  const { host, worker, shown } = await bench(new ScriptedUi([]));
  worker.on(probePrivileges, () => {
    throw new AppError('UNREACHABLE', 'vc.lab does not answer');
  });
  await expect(checkPrivileges(host, row)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(shown).toEqual([]);
});
