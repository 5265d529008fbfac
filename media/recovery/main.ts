import { startRecovery } from '../../src/protocol/webview/recovery.ts';
import { beginPage } from '../shared/editorPage.ts';
import { translator } from '../shared/text.ts';
import { RecoveryPage } from './recoveryPage.ts';
import { restoredState, savedState } from './state.ts';

beginPage(async ({ link, kept, keep }) => {
  const { texts, vm } = await link.request(startRecovery, {}, AbortSignal.any([]));
  document.body.replaceChildren();
  const page = new RecoveryPage(document.body, {
    ...{ editor: link, vm, state: restoredState(kept) },
    keep: state => keep(savedState(vm, state)),
    t: translator(texts),
  });
  await page.start();
});
