// An old host on its own: what it cannot do is no failure but said, in its row and on a page, with what follows.
import { addVCenter } from '../steps.mjs';

const view = 'Virtual Machines';

export async function story(editor, { startLab }) {
  const lab = await startLab(['--esx', '--api-version', '6.0']);
  await editor.openQuiesce();
  await addVCenter(editor, lab);
  await editor.showOnly(view);
  await editor.tooltip(editor.row(view, new URL(lab.url).host, 1), /It lacks: .*tags/);
  await editor.shot('tooltip');

  await editor.command('Quiesce: Show vCenter Capabilities');
  await editor.pick(/127\.0\.0\.1/);
  const page = editor.page
    .locator('iframe.webview')
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
  await page.getByText('It lacks 8 of 9').waitFor();
  await page.getByText('VMs cannot be grouped or filtered by tags.').waitFor();
  await editor.shot('capabilities');
}
