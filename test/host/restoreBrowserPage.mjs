// The page of the restore browser.
import { until } from './editor.mjs';
import { WebviewPage } from './webviewPage.mjs';

export class RestoreBrowserPage extends WebviewPage {
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
    await this.page.keyboard.press('Home');
    await until(`${tree} has ${pattern}`, async () => {
      const label = await this.document.locator('[role=treeitem]:focus').getAttribute('aria-label');
      if (pattern.test(label ?? '')) return true;
      await this.page.keyboard.press('ArrowDown');
      return false;
    });
    await this.page.keyboard.press('Enter');
  }

  async focusTable() {
    await this.focus('[role=grid]');
  }

  /** Moves in the table until the keyboard is on an entry. */
  async moveTo(name) {
    await this.focusTable();
    await this.entry(name).waitFor();
    await this.page.keyboard.press('Home');
    await until(`the folder has ${name}`, async () => {
      if (await this.isActive(name)) return true;
      await this.page.keyboard.press('ArrowDown');
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
    await this.page.keyboard.press('Enter');
    await this.#opened(name);
  }

  /** Back to the folder around the open one, by its name. */
  async leaveFolder(name) {
    await this.focusTable();
    await this.page.keyboard.press('Backspace');
    await this.#opened(name);
  }

  /** The names on the way to the open folder. */
  async location() {
    return await this.document.locator('nav li').allInnerTexts();
  }

  async #opened(name) {
    await until(
      `${name} is open`,
      async () => (await this.location()).at(-1) === name && /entr(y|ies)/.test(await this.status()),
    );
  }
}
