import { commands, env } from 'vscode';
import { expect, test, vi } from 'vitest';

import { showFileDetails } from '../../../../src/host/commands/showFileDetails.ts';
import { type GuestDetailsDto, readGuestDetails } from '../../../../src/protocol/guest.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, pointId } from '../hostFixture.ts';

const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1, path: '/setup.exe' };
const details: GuestDetailsDto = {
  node: {
    ...{ name: 'setup.exe', kind: 'file', sizeBytes: 5, mode: 0o644, uid: 0, gid: 0 },
    ...{ accessedAt: '2026-03-03T10:00:00Z', modifiedAt: '2026-03-01T10:00:00Z' },
    ...{ changedAt: '2026-03-02T10:00:00Z', createdAt: '2026-02-01T10:00:00Z' },
  },
  streams: [{ name: 'Zone.Identifier', sizeBytes: 26 }],
  securityDescriptor: 'O:BAG:SYD:(A;;FA;;;BA)',
  acl: ['user:1000:rw-'],
  defaultAcl: ['user:1001:r-x'],
  attributes: [{ name: 'user.comment', sizeBytes: 11 }],
  problems: ['the volume lacks something'],
};

async function show(action: Action) {
  const ui = new ScriptedUi([action]);
  const { host, worker } = hostFixture(ui);
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'r' }))
    .on(readGuestDetails, () => details);
  await host.known.saveRepository({ name: 'main', location: '/backups' });
  await host.credentials.keep('repository/main', 'word');
  const executed = vi.spyOn(commands, 'executeCommand').mockResolvedValue(undefined);
  const copied = vi.spyOn(env.clipboard, 'writeText').mockResolvedValue(undefined);
  await showFileDetails(host, { paths: [at] });
  const opened = executed.mock.calls.map(([id, uri]) => [id, String(uri)]);
  const texts = copied.mock.calls.flat();
  executed.mockRestore();
  copied.mockRestore();
  return { ui, worker, opened, texts };
}

test('every fact is a line, and a text that is chosen is copied', async () => {
  const { ui, worker, opened, texts } = await show({ pick: 'O:BAG:SY' });
  expect(worker.paramsOf(readGuestDetails)).toEqual([at]);
  expect(ui.offered.flat().map(([label, description]) => [label, description])).toEqual([
    ['Zone.Identifier', 'stream, 26 B: open it'],
    ['O:BAG:SYD:(A;;FA;;;BA)', 'owner and rights of Windows (SDDL)'],
    ['rw-r--r-- 0:0', 'permissions and owner'],
    ['user:1000:rw-', 'access list'],
    ['user:1001:r-x', 'access list for what is made in it'],
    ['user.comment', 'attribute, 11 B'],
    ['2026-03-01 10:00', 'content changed'],
    ['2026-03-02 10:00', 'owner, rights or content changed'],
    ['2026-03-03 10:00', 'read'],
    ['2026-02-01 10:00', 'created'],
    ['the volume lacks something', 'could not be read'],
  ]);
  expect([opened, texts]).toEqual([[], ['O:BAG:SYD:(A;;FA;;;BA)']]);
});

test('a stream that is chosen is opened as a document', async () => {
  const { opened, texts } = await show({ pick: 'Zone.Identifier' });
  expect(opened).toEqual([['vscode.open', expect.stringContaining('/setup.exe:Zone.Identifier') as string]]);
  expect(texts).toEqual([]);
});
