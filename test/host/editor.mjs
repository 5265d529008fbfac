// One window of the editor, and what a person does in it. Stories get one, with the extension installed and nothing added.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** How long the editor may take to show something on a busy machine. */
const patienceMs = 60_000;

/** In a browser the editor cannot write while it is closed; it does so every five seconds. */
const keepingDelayMs = 12_000;

/** Rows that have not changed for so long are believed to have come to rest. */
const restMs = 1000;

export const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  contrast: 'Default High Contrast',
};

const browserArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
];

export async function launchBrowser(executablePath) {
  const { chromium } = await import('playwright-core');
  return await chromium.launch({ executablePath, args: browserArguments });
}

/** What keeps settings, secrets and places that windows of one person share. */
export async function newProfile(browser) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    // The server would compress 19 MB at every load.
    extraHTTPHeaders: { 'Accept-Encoding': 'identity' },
  });
  context.setDefaultTimeout(patienceMs);
  return context;
}

export class Editor {
  /** Playwright's page of the window. */
  page;
  /** Folder of the server: home, temporary files and settings are below it. */
  folder;
  /** The folder that is open. */
  workspace;
  server;
  #profile;
  #shots;
  #shotCount = 0;

  constructor(server, profile, page, shots) {
    this.server = server;
    this.page = page;
    this.folder = server.folder;
    this.workspace = server.workspace;
    this.#profile = profile;
    this.#shots = shots;
  }

  /** @param {string | undefined} shots  folder for screenshots; none are made without */
  static async open(server, profile, shots) {
    const editor = new Editor(server, profile, await profile.newPage(), shots);
    await editor.page.goto(`${server.url}/?folder=${encodeURIComponent(server.workspace)}`);
    await editor.#workbench();
    return editor;
  }

  /** A second window of the same person. */
  async openWindow() {
    return await Editor.open(this.server, this.#profile, this.#shots);
  }

  async reload() {
    await this.page.waitForTimeout(keepingDelayMs);
    await this.page.reload();
    await this.#workbench();
  }

  async closeWindow() {
    await this.page.close();
  }

  /** By the activity bar's icon, unless the window has come back with the view open: then the icon would close it. */
  async openQuiesce() {
    const view = this.page.locator('.pane-header[aria-label^="Virtual Machines"]');
    const icon = this.page.locator('.activitybar [aria-label^="Quiesce"]').first();
    await until('the view is open', async () => {
      const isOpen = await isThere(view.waitFor({ timeout: 1500 }));
      if (!isOpen) await icon.click();
      return isOpen;
    });
  }

  /** Runs a command by its title in the palette. */
  async command(title) {
    await this.findCommand(title);
    await this.page.keyboard.press('Enter');
  }

  /** The palette with the command chosen. */
  async findCommand(title) {
    const input = this.page.locator('.quick-input-widget input.input');
    const row = this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: title }).first();
    // What the editor opens late takes the focus, and closes the palette with it.
    await until(`the palette shows ${title}`, async () => {
      await this.page.keyboard.press('F1');
      const typed = input.fill(`>${title}`, { timeout: 5000 });
      return await isThere(typed.then(async () => await row.waitFor({ timeout: 10_000 })));
    });
  }

  /** Narrows the list that is asked from to a row, and takes it; a pattern is searched row by row. */
  async pick(text) {
    const rows = this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
    await rows.first().waitFor();
    if (typeof text === 'string') await this.page.locator('.quick-input-widget input.input').fill(text);
    // Nobody reads a list faster, and the editor takes an Enter that comes with its first row for nothing.
    else await this.page.waitForTimeout(300);
    const focused = this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text });
    for (let down = 0; down < 60 && (await focused.count()) === 0; down += 1) {
      await this.page.waitForTimeout(50);
      if (down % 6 === 5) await this.page.keyboard.press('ArrowDown');
    }
    if ((await focused.count()) === 0) throw new Error(`the list has no ${text}`);
    await this.page.keyboard.press('Enter');
  }

  /** Takes what is preselected in the list whose placeholder begins with a text. */
  async accept(placeholder) {
    await this.page.locator(`.quick-input-widget input[placeholder^="${placeholder}"]`).waitFor();
    await this.page.locator('.quick-input-list .monaco-list-row.focused').first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Answers the input box whose prompt holds a text. */
  async enter(prompt, text) {
    await this.question(prompt).waitFor();
    await this.page.locator('.quick-input-widget input.input').fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** A prompt, placeholder or message of what is asked. */
  question(text) {
    return this.page.locator('.quick-input-widget').getByText(text).first();
  }

  /** Leaves room for one view of the container: rows out of sight do not exist. */
  async showOnly(view) {
    for (const header of await this.page.locator('.sidebar .pane-header').all()) {
      const label = await header.getAttribute('aria-label');
      const isOpen = (await header.getAttribute('aria-expanded')) === 'true';
      if (isOpen !== label.startsWith(view)) await header.click();
    }
  }

  /** Rows of a view; level 1 is the outermost. */
  row(view, text, level) {
    const pane = this.page.locator('.pane', {
      has: this.page.locator(`.pane-header[aria-label^="${view}"]`),
    });
    const at = level === undefined ? '' : `[aria-level="${level}"]`;
    return pane.locator(`.monaco-list-row${at}`, { hasText: text }).first();
  }

  /** Opens rows one inside the other, from a level on. */
  async expand(view, fromLevel, texts) {
    for (const [index, text] of texts.entries()) {
      const row = this.row(view, text, fromLevel + index);
      await row.waitFor();
      if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
    }
  }

  /** Presses one of a row's buttons, once the rows have come to rest: a row that is drawn anew swallows a click. */
  async act(row, action) {
    await row.waitFor();
    await row.evaluate(restOfRows, restMs);
    await row.hover();
    await row.locator(`.action-label[aria-label^="${action}"]`).click();
  }

  /** Drags a row with the mouse, in steps as a hand makes them, and drops it in the middle of the editors. */
  async drag(row) {
    const { mouse } = this.page;
    await row.waitFor();
    await row.evaluate(restOfRows, restMs);
    const from = middleOf(await row.boundingBox());
    const to = middleOf(await this.page.locator('.part.editor > .content').boundingBox());
    await mouse.move(from.x, from.y);
    await mouse.down();
    for (const share of [0.1, 0.25, 0.5, 0.75, 0.9, 1])
      await mouse.move(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
    await this.page.locator('#monaco-workbench-editor-drop-overlay').waitFor();
    await mouse.up();
  }

  /**
   * Holds the mouse over a row until its tooltip says a text. What a tooltip says is made when the mouse comes, and a row
   * that is drawn anew closes it: whoever waits for something to be known looks again.
   */
  async tooltip(row, text) {
    const shown = this.page.getByText(text).first();
    await row.waitFor();
    await until(`the tooltip says ${text}`, async () => {
      await this.page.mouse.move(0, 0);
      await row.evaluate(restOfRows, restMs);
      await row.hover();
      return await isThere(shown.waitFor({ timeout: 3000 }));
    });
  }

  toast(text) {
    return this.page.locator('.notification-toast', { hasText: text }).first();
  }

  /** A modal question. */
  dialog(text) {
    return this.page.locator('.monaco-dialog-box', { hasText: text });
  }

  /** Closes a modal question without an answer. A key that comes before the question has the focus is lost. */
  async dismissDialog(text) {
    const dialog = this.dialog(text);
    await dialog.waitFor();
    await until(`the question is gone: ${text}`, async () => {
      await this.page.keyboard.press('Escape');
      return await isThere(dialog.waitFor({ state: 'detached', timeout: 2000 }));
    });
  }

  async answerDialog(text, button) {
    const dialog = this.dialog(text);
    await dialog.waitFor();
    await dialog.getByRole('button', { name: button, exact: true }).click();
  }

  status(text) {
    return this.page.locator('.statusbar-item', { hasText: text }).first();
  }

  /** Text of the editor that is open. */
  line(text) {
    return this.page.locator('.view-line', { hasText: text }).first();
  }

  /** The one background worker of this person. */
  async worker() {
    const ids = await this.server.workers();
    if (ids.length !== 1) throw new Error(`${ids.length} workers run, not one`);
    return ids[0];
  }

  /** Waits until the extension's log holds a text. */
  async logged(text) {
    await until(`the log says ${text}`, async () => (await this.server.extensionLog()).includes(text));
  }

  async shot(name) {
    if (this.#shots === undefined) return;
    this.#shotCount += 1;
    await mkdir(this.#shots, { recursive: true });
    const number = String(this.#shotCount).padStart(2, '0');
    await this.page.screenshot({ path: join(this.#shots, `${number}-${name}.png`) });
  }

  async #workbench() {
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.activitybar [aria-label^="Quiesce"]').first().waitFor();
  }
}

/** @throws if a condition does not come true in time */
export async function until(what, isTrue, timeoutMs = patienceMs) {
  const giveUpAtMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await isTrue();
    if (answer) return answer;
    if (performance.now() > giveUpAtMs) throw new Error(`it never came true that ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

function middleOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

/** @returns whether a wait came to its end and not to the end of its time */
async function isThere(waited) {
  return await waited.then(
    () => true,
    () => false,
  );
}

/** Runs in the page: waits until nothing has changed in the list of a row for so long. */
async function restOfRows(row, restMs) {
  const list = row.closest('.monaco-list-rows');
  await new Promise(resolve => {
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        observer.disconnect();
        resolve();
      }, restMs);
    };
    const observer = new MutationObserver(wait);
    observer.observe(list, { childList: true, subtree: true, characterData: true });
    wait();
  });
}
