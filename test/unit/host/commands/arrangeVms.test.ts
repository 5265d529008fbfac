import { expect, test } from 'vitest';

import { filterVms, groupVms } from '../../../../src/host/commands/arrangeVms.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

test('the VMs are grouped by what was picked', async () => {
  const { host } = hostFixture(new ScriptedUi([{ pick: 'Tags' }]));
  let changes = 0;
  host.vmView.onDidChange(() => {
    changes += 1;
  });
  await groupVms(host);
  expect(host.vmView.grouping).toBe('tags');
  expect(changes).toBe(1);
});

test('a filter holds until an empty one takes its place', async () => {
  const ui = new ScriptedUi([{ type: ' web @tag:Production ' }, { type: '@level:best' }, { type: ' ' }]);
  const { host } = hostFixture(ui);
  await filterVms(host);
  expect(host.vmView.filter).toMatchObject({
    text: 'web @tag:Production',
    words: ['web'],
    tags: ['production'],
  });
  await filterVms(host);
  expect(ui.refused).toEqual([expect.stringContaining('A level is one of')]);
  expect(host.vmView.filter).toBeUndefined();
});
