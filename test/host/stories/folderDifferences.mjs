// What has become of a folder between two restore points, in one editor: files that were changed, added and removed, and
// what no editor can show.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { localPassword, LocalRepository } from '../../support/localRepository.ts';
import { storeVm } from '../../support/storedVm.ts';
import { until } from '../editor.mjs';
import { chooseFromMenu, openRepository } from '../steps.mjs';

export const tools = ['mke2fs'];

export async function story(editor) {
  const repository = join(editor.folder, 'repository');
  await storeVm(new LocalRepository(repository), await twoStates(join(editor.folder, 'guest')));
  await openRepository(editor, repository, localPassword);
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, ['repository', 'web01', /11:00/, 'Hard disk 1', 'Volume 0']);
  const folder = editor.row('Restore Points', 'etc', 6);
  await folder.click();
  await chooseFromMenu(editor, 'Compare Folder With Another Restore Point…');
  await editor.pick(/10:00/);

  await editor.page.locator('.tab', { hasText: 'etc: 2026-11-22 10:00 ↔ 2026-11-22 11:00' }).waitFor();
  const entries = editor.page.locator('.multiDiffEntry');
  await until('the three files are shown', async () => {
    const texts = await entries.allInnerTexts();
    const shown = name => texts.some(text => text.includes(name));
    return texts.length === 3 && ['motd', 'new.conf', 'old.conf'].every(shown);
  });
  for (const line of ['second line', 'another line', 'new = yes', 'old = yes'])
    await editor.line(line).waitFor();
  const counts = 'Added: 1, removed: 1, changed: 1, other owner or permissions: 1. The editor shows 3 files.';
  await editor.toast(counts).waitFor();
  await editor.shot('folder');
}

/** The bytes of a file system with a folder, before and after somebody has worked in it. */
async function twoStates(folder) {
  const etc = join(folder, 'tree/etc');
  await mkdir(join(etc, 'kept'), { recursive: true });
  await writeFile(join(etc, 'kept/same.conf'), 'same = yes\n');
  await writeFile(join(etc, 'motd'), 'first line\nsecond line\n');
  await writeFile(join(etc, 'old.conf'), 'old = yes\n');
  await writeFile(join(etc, 'shadow'), 'root:*:\n', { mode: 0o600 });
  const before = await imageOf(folder, 'before');
  await writeFile(join(etc, 'motd'), 'first line\nanother line\n');
  await rm(join(etc, 'old.conf'));
  await writeFile(join(etc, 'new.conf'), 'new = yes\n');
  await chmod(join(etc, 'shadow'), 0o644);
  return [before, await imageOf(folder, 'after')];
}

async function imageOf(folder, name) {
  const image = join(folder, name);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', join(folder, 'tree'), image, '4M']);
  return await readFile(image);
}
