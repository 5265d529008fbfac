#!/usr/bin/env node
// Takes the place of the program `code` for extension tests where there is no desktop: it understands the arguments that
// @vscode/test-electron passes and runs the same tests in the extension host of VS Code's server build, its workbench in
// headless Chromium. Its exit code is that of the tests.
import { parseArgs } from 'node:util';

import { findChromium, findEditorHost } from '../../scripts/editorHost.mjs';
import { launchBrowser, newProfile } from './editor.mjs';
import { EditorServer } from '../../scripts/editorServer.mjs';

const timeoutMs = 180_000;

const { values } = parseArgs({
  options: { extensionDevelopmentPath: { type: 'string' }, extensionTestsPath: { type: 'string' } },
  strict: false,
});
const ours = Object.entries(process.env).filter(([name]) => /^(QUIESCE_|TMPDIR$)/.test(name));
const server = await EditorServer.start(findEditorHost(), {
  testDriver: true,
  environment: Object.fromEntries(ours),
});
const browser = await launchBrowser(findChromium());
try {
  process.exitCode = await run();
} finally {
  await browser.close();
  await server.close();
}

async function run() {
  const page = await (await newProfile(browser)).newPage();
  const ended = new Promise(resolve => {
    setTimeout(() => resolve(124), timeoutMs).unref();
    // The workbench calls it when the tests have ended.
    void page.exposeFunction('codeAutomationExit', resolve);
  });
  await page.exposeFunction('codeAutomationLog', () => undefined);
  const remote = path => `vscode-remote://127.0.0.1:${server.port}${path}`;
  const payload = [
    ['skipWelcome', 'true'],
    ['extensionDevelopmentPath', remote(values.extensionDevelopmentPath)],
    ['extensionTestsPath', remote(values.extensionTestsPath)],
  ];
  const query = new URLSearchParams({ folder: server.workspace, payload: JSON.stringify(payload) });
  await page.goto(`${server.url}/?${query}`);
  return await ended;
}
