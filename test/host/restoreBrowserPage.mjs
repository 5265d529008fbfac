// The page of the restore browser as a person at the keyboard has it: what has the focus gets the keys.
import { until } from './editor.mjs';

const frames = 'iframe.webview[src*="extensionId=quiesce.quiesce"]';

export class RestoreBrowserPage {
  #page;
  /** The document in the webview of the one panel that is in front. */
  document;

  constructor(page) {
    this.#page = page;
    this.document = page
      .locator(`${frames}:visible`)
      .contentFrame()
      .locator('iframe#active-frame')
      .contentFrame();
  }

  /** Another editor is in front: the editor has ended the page. */
  async hidden() {
    await until('the page has ended', async () => (await this.#page.locator(frames).count()) === 0);
  }

  /** A row of a tree, whose label begins with a text. */
  row(text) {
    return this.document.locator(`[role=treeitem][aria-label^="${text}"]`).first();
  }

  /** A row of the open folder. */
  entry(name) {
    return this.document.locator(`[role=grid] [role=row][aria-label^="${name}, "]`).first();
  }

  /** Moves in a tree until a row has the focus, and presses Enter. */
  async choose(tree, pattern) {
    await this.focus(`[role=tree][aria-label="${tree}"]`);
    await this.#page.keyboard.press('Home');
    await until(`${tree} has ${pattern}`, async () => {
      const label = await this.document.locator('[role=treeitem]:focus').getAttribute('aria-label');
      if (pattern.test(label ?? '')) return true;
      await this.#page.keyboard.press('ArrowDown');
      return false;
    });
    await this.#page.keyboard.press('Enter');
  }

  async focusTable() {
    await this.focus('[role=grid]');
  }

  /** Moves in the table until the keyboard is on an entry. */
  async moveTo(name) {
    await this.focusTable();
    await this.entry(name).waitFor();
    await this.#page.keyboard.press('Home');
    await until(`the folder has ${name}`, async () => {
      if (await this.isActive(name)) return true;
      await this.#page.keyboard.press('ArrowDown');
      return false;
    });
  }

  async isActive(name) {
    const active = await this.document.locator('[role=grid]').getAttribute('aria-activedescendant');
    const id = await this.entry(name)
      .getAttribute('id')
      .catch(() => undefined);
    return active !== null && active === id;
  }

  async enterFolder(name) {
    await this.moveTo(name);
    await this.#page.keyboard.press('Enter');
    await this.#opened(name);
  }

  /** Back to the folder around the open one, by its name. */
  async leaveFolder(name) {
    await this.focusTable();
    await this.#page.keyboard.press('Backspace');
    await this.#opened(name);
  }

  /** Tab to a button, and Enter. */
  async press(button) {
    await this.focus(`tk-button:text-is("${button}")`);
    await this.#page.keyboard.press('Enter');
  }

  /** The names on the way to the open folder. */
  async location() {
    return await this.document.locator('nav li').allInnerTexts();
  }

  async status() {
    return await this.document.getByRole('status').innerText();
  }

  /** Presses Tab until the focus is in the wanted part; it must be reached in one round. */
  async focus(selector) {
    const focused = this.document.locator(`${selector}:focus-within`);
    for (let tab = 0; tab < 30; tab += 1) {
      if ((await focused.count()) > 0) return;
      await this.#page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not lead to ${selector}`);
  }

  async #opened(name) {
    await until(
      `${name} is open`,
      async () => (await this.location()).at(-1) === name && /entr(y|ies)/.test(await this.status()),
    );
  }
}
