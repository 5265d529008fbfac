import { startBrowser } from '../../src/protocol/webview/restoreBrowser.ts';
import { beginPage } from '../shared/editorPage.ts';
import { translator } from '../shared/text.ts';
import { BrowserPage } from './browserPage.ts';
import { restoredState, savedState } from './state.ts';

beginPage(async ({ link, kept, keep }) => {
  const { texts, target, canRestoreToGuest } = await link.request(startBrowser, {}, AbortSignal.any([]));
  document.body.replaceChildren();
  const page = new BrowserPage(document.body, {
    editor: link,
    state: restoredState(kept),
    canRestoreToGuest,
    keep: state => keep(savedState(state)),
    t: translator(texts),
  });
  await page.start(target);
});
