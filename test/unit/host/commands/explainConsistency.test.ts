import { expect, onTestFinished, test } from 'vitest';
import type { Uri } from 'vscode';

import { AppError } from '../../../../src/base/errors.ts';
import { explainConsistency } from '../../../../src/host/commands/explainConsistency.ts';
import { explainVm, type ExplanationDto, listVms } from '../../../../src/protocol/vm.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

const web01 = { vcenter: 'vc.lab', id: 'vm-1', name: 'prod/web01' };
const row = { kind: 'vm', vcenter: 'vc.lab', vm: vmDto({ name: 'prod/web01' }), newest: undefined } as const;

const explanation: ExplanationDto = {
  ...{ name: 'prod/web01', inventoryPath: '/Lab/vm/web01' },
  ...{ level: 'filesystem', mechanism: 'freeze', certainty: 'likely', ceiling: 'filesystem' },
  base: { rule: 'OS', text: 'it is so', certainty: 'certain', source: { title: 'A guide' } },
  limits: [],
  coverage: 'whole-vm',
  ...{ outsideDisks: [], remarks: [], notes: [], unknowns: [] },
};

async function bench(ui: ScriptedUi) {
  const fixture = hostFixture(ui);
  const { host, worker } = fixture;
  await host.known.saveVCenter({ name: 'vc.lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/vc.lab', 'right');
  worker.on(listVms, () => ({ vms: [row.vm] }));
  worker.on(explainVm, () => explanation);
  const shown: Uri[] = [];
  registeredCommands.set('markdown.showPreview', uri => shown.push(uri as Uri));
  onTestFinished(() => registeredCommands.clear());
  return { ...fixture, shown };
}

test('a row is explained without a question, as a Markdown document that is read once', async () => {
  const { host, worker, explanations, shown } = await bench(new ScriptedUi([]));
  await explainConsistency(host, row);
  const [uri] = shown;
  expect(uri).toMatchObject({ scheme: 'quiesce-explain', path: '/prod∕web01.md' });
  expect(await explanations.provideTextDocumentContent(uri!)).toMatch(/^# Consistency of prod\\\/web01\n/);
  expect(worker.paramsOf(explainVm)).toEqual([web01]);
});

test('from the palette, it asks which VM', async () => {
  const ui = new ScriptedUi([{ pick: 'prod/web01' }]);
  const { host, worker, shown } = await bench(ui);
  await explainConsistency(host, undefined);
  expect(ui.left).toBe(0);
  expect(worker.paramsOf(explainVm)).toEqual([web01]);
  expect(shown).toHaveLength(1);
});

test('a failure is told and opens nothing', async () => {
  const { host, worker, shown } = await bench(new ScriptedUi([]));
  worker.on(explainVm, () => {
    throw new AppError('NOT_FOUND', 'web01 is not on vc.lab any more');
  });
  await expect(explainConsistency(host, row)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(shown).toEqual([]);
});

test('what is shown is read anew when the VM changes or is explained again, and after a reload', async () => {
  const { host, worker, explanations, vmsChanged, shown } = await bench(new ScriptedUi([]));
  await explainConsistency(host, row);
  const uri = shown[0]!;
  await explanations.provideTextDocumentContent(uri);
  const changed: Uri[] = [];
  explanations.onDidChange(one => changed.push(one));

  vmsChanged.fire({ vcenter: 'other', changed: [row.vm], removed: [] });
  vmsChanged.fire({ vcenter: 'vc.lab', changed: [vmDto({ id: 'vm-2' })], removed: ['vm-3'] });
  expect(changed).toEqual([]);
  vmsChanged.fire({ vcenter: 'vc.lab', changed: [row.vm], removed: [] });
  expect(changed).toEqual([uri]);
  worker.on(explainVm, () => ({ ...explanation, level: 'crash' }));
  expect(await explanations.provideTextDocumentContent(uri)).toContain('**crash\\-consistent**');

  await explainConsistency(host, row);
  expect(changed).toHaveLength(2);

  const reloaded = await bench(new ScriptedUi([]));
  expect(await reloaded.explanations.provideTextDocumentContent(uri)).toContain('# Consistency of');
});
