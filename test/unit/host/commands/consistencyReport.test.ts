import { afterEach, beforeEach, expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { consistencyReport } from '../../../../src/host/commands/consistencyReport.ts';
import { readConsistencyReport } from '../../../../src/protocol/report.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

const opened: string[] = [];

beforeEach(() => {
  opened.length = 0;
  for (const id of ['markdown.showPreview', 'vscode.open']) registeredCommands.set(id, () => opened.push(id));
});
afterEach(() => registeredCommands.clear());

async function twoVCenters(ui: ScriptedUi) {
  const { host, worker } = hostFixture(ui);
  for (const name of ['vc.one', 'vc.two']) {
    await host.known.saveVCenter({ name, url: `https://${name}`, user: 'admin', fingerprint: 'AA' });
    await host.credentials.keep(`vcenter/${name}`, 'right');
  }
  await host.known.saveRepository({ name: 'main', location: '/backups' });
  await host.credentials.keep('repository/main', 'secret');
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  worker.on(readConsistencyReport, ({ vcenter }) => ({
    ...{ server: vcenter, markdown: `# ${vcenter}`, json: JSON.stringify({ server: vcenter }) },
    problems: [],
  }));
  const shown: { readonly name: string; readonly text: string }[] = [];
  const { pages } = host;
  const show = (name: string, text: string) => {
    shown.push({ name, text });
    return pages.show(name, text);
  };
  return { host: { ...host, pages: { show } }, worker, shown };
}

test('all vCenters are on one page, opened as a preview', async () => {
  const { host, shown } = await twoVCenters(new ScriptedUi([{ pick: 'All' }, { pick: 'A page to read' }]));
  await consistencyReport(host, undefined);
  expect(shown).toEqual([{ name: 'Consistency Report.md', text: '# vc.one\n\n# vc.two\n' }]);
  expect(opened).toEqual(['markdown.showPreview']);
});

test('what cannot be opened comes first in the report, and hides nothing', async () => {
  const { host, worker, shown } = await twoVCenters(
    new ScriptedUi([{ pick: 'All' }, { pick: 'A page to read' }]),
  );
  worker.on(openRepository, () => {
    throw new AppError('AUTHENTICATION', 'the password of main is *wrong*');
  });
  worker.on(readConsistencyReport, ({ vcenter }) => {
    if (vcenter === 'vc.one') throw new AppError('UNREACHABLE', 'vc.one does not answer');
    const problem = {
      code: 'CORRUPT_DATA',
      message: 'a goal is damaged',
      retryable: false,
      causes: [],
    } as const;
    return { server: vcenter, markdown: `# ${vcenter}`, json: '{}', problems: [problem] };
  });
  await consistencyReport(host, undefined);
  const lines = shown[0]!.text.split('\n').filter(line => line !== '');
  expect(lines).toEqual([
    expect.stringContaining('Not everything is in this report') as string,
    expect.stringContaining('main is left out\\: The password of main is \\*wrong\\*') as string,
    expect.stringContaining('vc\\.one is left out') as string,
    expect.stringContaining('A goal is damaged') as string,
    '# vc.two',
  ]);
});

test('of one vCenter it can be had for programs; one that fails says so', async () => {
  const vcenter = { kind: 'vcenter', name: 'vc.two', url: '' } as const;
  const { host, worker, shown } = await twoVCenters(
    new ScriptedUi([{ pick: 'A document for programs' }, { pick: 'A page to read' }]),
  );
  await consistencyReport(host, vcenter);
  expect(shown[0]!.name).toBe('Consistency Report vc.two.json');
  expect(opened).toEqual(['vscode.open']);
  expect(JSON.parse(shown[0]!.text)).toEqual({ problems: [], reports: [{ server: 'vc.two' }] });
  worker.on(readConsistencyReport, () => {
    throw new AppError('UNREACHABLE', 'vc.two does not answer');
  });
  await expect(consistencyReport(host, vcenter)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
