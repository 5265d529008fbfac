// The server says that the guest can be brought to rest; a look inside, as an account of the guest, says that it cannot. The
// tree and the Recovery page know it from then on, and the account is not asked for again.
import { connect } from '../steps.mjs';
import { WebviewPage } from '../webviewPage.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await lab.control('POST', 'vms/db01/guest', { preset: 'linux-no-sync-driver' });
  await connect(editor, lab);
  await editor.showOnly('Virtual Machines');
  const row = editor.row('Virtual Machines', 'db01');
  await row.getByText('filesystem').waitFor();
  await editor.act(row, 'Show Recovery');
  const recovery = new WebviewPage(editor.page);
  const limits = recovery.document.getByRole('region', { name: 'What limits it' });
  await limits.getByText('CFG-01').first().waitFor();

  await recovery.press('Look into the Guest…');
  await editor.enter('Account in the guest of db01', 'root');
  await editor.enter('Password of root', await lab.guestPassword('root'));
  const page = editor.page
    .locator('iframe.webview:visible')
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
  await page.getByText('Sync driver: off').waitFor();
  await page.getByRole('heading', { name: 'File systems' }).waitFor();
  await editor.shot('inside');
  await row.getByText('crash').waitFor();

  await editor.command('Quiesce: Show Recovery');
  await editor.pick('db01');
  await limits.getByText('What to do: Remove enableSyncDriver=false from tools.conf').waitFor();
  await editor.shot('known-on-the-page');

  await editor.command('Quiesce: Look into the Guest…');
  await editor.pick('db01');
  await page.getByText('Sync driver: off').waitFor();
}
