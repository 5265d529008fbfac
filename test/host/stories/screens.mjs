// Every main screen once, on the built-in lab: for looking at them in all themes (`--shots`), and as a test that each
// one opens.
import { join } from 'node:path';

import { backUp } from '../steps.mjs';

export async function story(editor) {
  const { page } = editor;
  await editor.openQuiesce();
  await page.getByText('No vCenter or ESXi host has been added').waitFor();
  await editor.command('Welcome: Open Walkthrough');
  await editor.pick('Back up a VM and get a file back');
  await page.getByText('Connect to a vCenter').first().waitFor();
  // It takes the focus some time after it is seen: a question that is asked before would lose its keys.
  await page.locator('.gettingStartedContainer :focus').waitFor();
  await editor.shot('walkthrough');
  await editor.command('View: Close All Editors');
  await page.locator('.gettingStartedContainer').waitFor({ state: 'detached' });

  await editor.command('Quiesce: Try with the Built-in Lab');
  await editor.row('Virtual Machines', 'web01').waitFor();
  await editor.shot('inventory');
  await backUp(editor, 'web01');
  await editor.shot('backup-told');
  await editor.command('Notifications: Clear All Notifications');
  await editor.row('Jobs', 'Backup of web01').click();
  await editor.line('snapshot').waitFor();
  await editor.shot('job-log');
  await editor.command('View: Close All Editors');

  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, ['Lab Repository', 'web01', /^20/, 'Hard disk 1', 'web01', 'etc']);
  await editor.row('Restore Points', 'fstab').dblclick();
  await editor.line('ext4').waitFor();
  await editor.shot('guest-file');
  await editor.act(editor.row('Restore Points', 'fstab'), 'Restore Guest File…');
  await editor.enter('Folder to restore', join(editor.workspace, 'restored'));
  await editor.dialog('Restore /etc/fstab').waitFor();
  await editor.shot('restore-plan');
  await editor.dismissDialog('Restore /etc/fstab');
  await editor.command('View: Close All Editors');

  await editor.command('Quiesce: Open Restore Browser');
  const frame = page.locator('iframe.webview.ready:visible').contentFrame();
  const browser = frame.locator('iframe#active-frame').contentFrame();
  await browser.getByText('Lab Repository').first().waitFor();
  await editor.shot('restore-browser');
}
