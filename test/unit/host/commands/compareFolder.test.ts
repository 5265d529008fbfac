import { commands } from 'vscode';
import { expect, test, vi } from 'vitest';

import { compareFolder } from '../../../../src/host/commands/compareFolder.ts';
import { compareGuestFolders, type FolderChangesResult } from '../../../../src/protocol/guest.ts';
import { listPoints } from '../../../../src/protocol/point.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, pointId } from '../hostFixture.ts';

const older = 'b'.repeat(64);
const at = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1, path: '/etc' };
const nothing: FolderChangesResult = { changes: [], isCut: false, problems: [] };

async function fixture(found: FolderChangesResult, actions: readonly Action[] = [{ pick: /^2026-03-01/ }]) {
  const ui = new ScriptedUi(actions);
  const { host, worker } = hostFixture(ui);
  const summary = { vmName: 'web01', serverInstanceUuid: 's', proven: 'crash' as const };
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'r' }))
    .on(listPoints, () => ({
      sets: [
        {
          ...{ vmInstanceUuid: 'u', vmName: 'web01' },
          points: [
            { ...summary, id: pointId, takenAt: '2026-03-02T10:00:00Z' },
            { ...summary, id: older, takenAt: '2026-03-01T10:00:00Z' },
          ],
        },
      ],
      problems: [],
    }))
    .on(compareGuestFolders, () => found);
  await host.known.saveRepository({ name: 'main', location: '/backups' });
  await host.credentials.keep('repository/main', 'word');
  const executed = vi.spyOn(commands, 'executeCommand').mockResolvedValue(undefined);
  await compareFolder(host, { paths: [at] });
  const { calls } = executed.mock;
  const [shown] = [...calls];
  executed.mockRestore();
  return { ui, worker, shown };
}

test('the older restore point is on the left; what an editor cannot show is counted', async () => {
  const file = { nodeKind: 'file' as const, sizeBytes: 5 };
  const { ui, worker, shown } = await fixture({
    ...nothing,
    changes: [
      { kind: 'content', path: '/hosts', ...file },
      { kind: 'added', path: '/new', nodeKind: 'directory', sizeBytes: 0 },
      { kind: 'added', path: '/new/file', ...file },
      { kind: 'removed', path: '/gone', ...file },
      { kind: 'content', path: '/dump', nodeKind: 'file', sizeBytes: 1e9 },
      { kind: 'attributes', path: '/shadow', ...file },
    ],
  });
  expect(worker.paramsOf(compareGuestFolders)).toEqual([{ older: { ...at, point: older }, newer: at }]);
  expect(shown?.slice(0, 2)).toEqual(['vscode.changes', 'etc: 2026-03-01 10:00 ↔ 2026-03-02 10:00']);
  const addresses = (shown?.[2] as { authority: string; path: string }[][]).map(sides =>
    sides.map(uri => (uri as typeof uri | undefined) && `${uri.authority[0]}:${uri.path}`),
  );
  const here = pointId[0];
  expect(addresses).toEqual([
    [`${here}:/main/etc/hosts`, 'b:/main/etc/hosts', `${here}:/main/etc/hosts`],
    [`${here}:/main/etc/new/file`, undefined, `${here}:/main/etc/new/file`],
    ['b:/main/etc/gone', 'b:/main/etc/gone', undefined],
  ]);
  expect(ui.told).toEqual([
    {
      severity: 'info',
      message: 'Added: 2, removed: 1, changed: 2, other owner or permissions: 1. The editor shows 3 files.',
    },
  ]);
});

test('nothing that is different opens nothing, and what could not be compared is told', async () => {
  const { ui, shown } = await fixture({ ...nothing, problems: ['/torn: inode 9 is damaged'] });
  expect(shown).toBeUndefined();
  expect(ui.told.map(({ message }) => message)).toEqual([
    '1 items could not be compared, the first: /torn: inode 9 is damaged',
    'Nothing in /etc is different.',
  ]);
});
