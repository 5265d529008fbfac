// A page in a webview as a person at the keyboard has it: what has the focus gets the keys.
import { until } from './editor.mjs';

const frames = 'iframe.webview[src*="extensionId=quiesce.quiesce"]';

export class WebviewPage {
  page;
  /** The document in the webview of the panel that is in front. */
  document;

  constructor(page) {
    this.page = page;
    this.document = page
      .locator(`${frames}:visible`)
      .contentFrame()
      .locator('iframe#active-frame')
      .contentFrame();
  }

  /** Another editor is in front: the editor has ended the page. */
  async hidden() {
    await until('the page has ended', async () => (await this.page.locator(frames).count()) === 0);
  }

  /** Tab to a button, and Enter. */
  async press(button) {
    await this.focus(`tk-button:text-is("${button}")`);
    await this.page.keyboard.press('Enter');
  }

  async status() {
    return await this.document.getByRole('status').innerText();
  }

  /** Presses Tab until the focus is in the wanted part; it must be reached in one round. */
  async focus(selector) {
    const focused = this.document.locator(`${selector}:focus-within`);
    for (let tab = 0; tab < 40; tab += 1) {
      if ((await focused.count()) > 0) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not lead to ${selector}`);
  }
}
