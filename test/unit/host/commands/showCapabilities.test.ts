import { expect, onTestFinished, test } from 'vitest';
import type { Uri } from 'vscode';

import { AppError } from '../../../../src/base/errors.ts';
import { capabilitiesOf, type ServerAbout } from '../../../../src/core/vsphere/capabilities.ts';
import { showCapabilities } from '../../../../src/host/commands/showCapabilities.ts';
import type { Pages } from '../../../../src/host/pages.ts';
import { openVCenter } from '../../../../src/protocol/vcenter.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

const row = { kind: 'vcenter', name: 'esx', url: 'https://esx.lab' } as const;

async function shownFor(about: ServerAbout, given: typeof row | undefined) {
  const ui = new ScriptedUi(given === undefined ? [{ pick: 'esx' }] : []);
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ name: 'esx', url: row.url, user: 'root', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/esx', 'right');
  worker.on(openVCenter, params => ({
    ...{ ...params, instanceUuid: 'u', product: 'VMware [ESXi](x)', apiVersion: about.apiVersion },
    capabilities: capabilitiesOf(about),
  }));
  const shown: Uri[] = [];
  registeredCommands.set('markdown.showPreview', uri => shown.push(uri as Uri));
  onTestFinished(() => registeredCommands.clear());
  await showCapabilities(host, given);
  expect(ui.left).toBe(0);
  expect(shown).toMatchObject([{ scheme: 'quiesce-page', path: '/Capabilities of esx.md' }]);
  return (host.pages as Pages).provideTextDocumentContent(shown[0]!);
}

test('an old host says what it lacks, since when others have it, and what follows', async () => {
  const text = await shownFor({ apiType: 'HostAgent', apiVersion: '6.0' }, row);
  expect(text).toContain('VMware \\[ESXi\\]\\(x\\) at https\\:\\/\\/esx\\.lab\\, version 6\\.0 of the API');
  expect(text).toContain('It lacks 8 of 9');
  expect(text).toMatch(
    /^\| tags \| no \| vCenter 6\\\.5 \| VMs cannot be grouped or filtered by tags\\\. \|$/m,
  );
  expect(text).toMatch(/^\| disks of VMs that run \| yes \| 5\\\.5 \|/m);
});

test('a vCenter of today lacks nothing; from the palette it is asked which', async () => {
  const text = await shownFor({ apiType: 'VirtualCenter', apiVersion: '8.0.3' }, undefined);
  expect(text).toContain('It can do everything that Quiesce makes use of');
  expect(text).not.toContain('| no |');
  // Every capability of the table has words of its own.
  for (const { id } of capabilitiesOf({ apiType: 'VirtualCenter', apiVersion: '8.0.3' }))
    if (id !== 'tags') expect(text).not.toContain(`| ${id} |`);
  expect(text).not.toMatch(/\|\s*\|$/m);
});

test('a server that cannot be reached is told, and nothing is opened', async () => {
  const { host, worker } = hostFixture(new ScriptedUi([]));
  await host.known.saveVCenter({ name: 'esx', url: row.url, user: 'root', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/esx', 'right');
  worker.on(openVCenter, () => {
    throw new AppError('UNREACHABLE', 'esx does not answer');
  });
  await expect(showCapabilities(host, row)).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
