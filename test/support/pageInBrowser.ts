import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

import { type FakeWebviewPanel, Uri } from './fakeVscode.ts';

/** What the editor does in a page before the page's own script runs. */
const editorApiOfPage = `globalThis.acquireVsCodeApi = () => ({
  postMessage: message => toEditor(JSON.stringify(message)),
  getState: () => JSON.parse(sessionStorage.getItem('kept') ?? 'null'),
  setState: state => sessionStorage.setItem('kept', JSON.stringify(state)),
});`;

/** The document of a webview panel in a real browser, under its own content security policy, on loopback. */
export class PageInBrowser implements AsyncDisposable {
  readonly page: Page;
  /** What the policy has refused, as the browser says it. */
  readonly refused: string[] = [];
  readonly #browser: Browser;
  readonly #server: Server;
  readonly #url: string;

  private constructor(browser: Browser, page: Page, server: Server, url: string) {
    this.#browser = browser;
    this.page = page;
    this.#server = server;
    this.#url = url;
  }

  /**
   * Before the panel gets its document.
   * @param bundles  folder in which `media` lies
   */
  static async open(panel: FakeWebviewPanel, bundles: string): Promise<PageInBrowser> {
    const server = createServer(({ url = '' }, response) => {
      const isDocument = url === '/';
      const type = isDocument ? 'text/html' : url.endsWith('.css') ? 'text/css' : 'text/javascript';
      response.setHeader('Content-Type', `${type}; charset=utf-8`);
      response.end(isDocument ? panel.webview.html : readFileSync(join(bundles, 'media', basename(url))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const url = `http://${host}`;
    panel.webview.cspSource = url;
    panel.webview.asWebviewUri = ({ path }) =>
      Uri.from({ scheme: 'http', path: `${host}/${basename(path)}` });
    const browser = await chromium.launch({
      executablePath: process.env['QUIESCE_CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
    });
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    const opened = new PageInBrowser(browser, page, server, url);
    page.on('console', message => {
      if (message.text().includes('Content Security Policy')) opened.refused.push(message.text());
    });
    await page.exposeFunction('toEditor', (text: string) => panel.receive(JSON.parse(text)));
    await page.addInitScript({ content: editorApiOfPage });
    panel.onDidPost.event(message => {
      // A page that is being loaded hears nothing, as in the editor.
      void page.evaluate(`postMessage(${JSON.stringify(message)}, '*')`).catch(() => undefined);
    });
    return opened;
  }

  /** Loads the panel's document, or loads it anew. */
  async load(): Promise<void> {
    await this.page.goto(this.#url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}
