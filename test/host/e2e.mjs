// Stories of people who use the packaged extension, each in an editor of its own: VS Code's server build, its workbench
// in headless Chromium.
//   node test/host/e2e.mjs [--shots FOLDER] [--theme dark|light|contrast] [STORY …]
// The last line is `N passed, N failed, N skipped`. What a story that failed showed and logged is kept. A story that
// fails is told once more, since the workbench is not ours to hold still: what went wrong first is printed all the same.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { findChromium, findEditorHost } from '../../scripts/editorHost.mjs';
import { packageExtension } from '../../scripts/vsix.mjs';
import { Editor, launchBrowser, newProfile, themes } from './editor.mjs';
import { EditorServer } from '../../scripts/editorServer.mjs';
import { Lab } from './lab.mjs';

const storiesFolder = join(import.meta.dirname, 'stories');
const resultsFolder = join(import.meta.dirname, '../../.cache/test-results/editor');
const storyTimeoutMs = 240_000;

const { values, positionals } = parseArgs({
  options: { shots: { type: 'string' }, theme: { type: 'string', default: 'dark' } },
  allowPositionals: true,
});
const allStories = (await readdir(storiesFolder)).map(file => basename(file, '.mjs')).sort();
const stories = allStories.filter(name => positionals.length === 0 || positionals.includes(name));
const unknownNames = positionals.filter(name => !allStories.includes(name));
const isCi = process.env.CI === 'true';
const host = findEditorHost();
const chromium = findChromium();
if (unknownNames.length > 0) refuse();
else if (host === undefined || chromium === undefined) skipAll();
else await runAll();

/** A name that is misspelled would pass for a story that went well. */
function refuse() {
  console.log(`no such story: ${unknownNames.join(', ')}. There are ${allStories.join(', ')}`);
  conclude({ failed: unknownNames.length });
}

function skipAll() {
  const missing = host === undefined ? 'the editor for tests' : 'Chromium';
  console.log(
    `${missing} is not installed (node scripts/setup.mjs --test-tools): skipped are ${stories.join(', ')}`,
  );
  conclude(isCi ? { failed: stories.length } : { skipped: stories.length });
}

async function runAll() {
  console.log(`${host.name} in headless Chromium`);
  await rm(resultsFolder, { recursive: true, force: true });
  await mkdir(resultsFolder, { recursive: true });
  const vsix = join(resultsFolder, 'quiesce.vsix');
  packageExtension(vsix);
  const browser = await launchBrowser(chromium);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const name of stories) {
      if (await lacksTool(name)) counts[isCi ? 'failed' : 'skipped'] += 1;
      else counts[(await tellStory(name, browser, vsix)) ? 'passed' : 'failed'] += 1;
    }
  } finally {
    await browser.close();
  }
  conclude(counts);
}

/** Says which program a story needs that is not there. */
async function lacksTool(name) {
  const { tools = [] } = await import(join(storiesFolder, `${name}.mjs`));
  const missing = tools.find(tool => spawnSync('which', [tool]).status !== 0);
  if (missing !== undefined) console.log(`${missing} is not installed: skipped is ${name}`);
  return missing !== undefined;
}

/** @returns whether the story went as it tells, at the second time if need be */
async function tellStory(name, browser, vsix) {
  if (await runStory(name, browser, vsix)) return true;
  const isPassed = await runStory(name, browser, vsix);
  if (isPassed) console.log(`UNSTEADY: ${name} passed only at its second telling`);
  return isPassed;
}

/** @returns whether the story went as it tells */
async function runStory(name, browser, vsix) {
  const startedMs = performance.now();
  const { story, settings = {}, logLevel } = await import(join(storiesFolder, `${name}.mjs`));
  const server = await EditorServer.start(host, {
    vsix,
    settings: { 'workbench.colorTheme': themes[values.theme], ...settings },
    logLevel,
  });
  const profile = await newProfile(browser);
  const shots = values.shots === undefined ? undefined : join(values.shots, `${name}-${values.theme}`);
  const labs = [];
  const startLab = async options => {
    const lab = await Lab.start(options);
    labs.push(lab);
    return lab;
  };
  try {
    const editor = await Editor.open(server, profile, shots);
    await withTimeout(story(editor, { startLab, vsix, resultsFolder }));
    report(true, name, startedMs);
    return true;
  } catch (error) {
    console.log(error);
    await keepEvidence(name, server, profile);
    report(false, name, startedMs);
    return false;
  } finally {
    await profile.close();
    await server.close();
    for (const lab of labs) await lab.close();
  }
}

async function withTimeout(story) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${storyTimeoutMs / 1000} s`)), storyTimeoutMs);
  });
  await Promise.race([story, late]).finally(() => clearTimeout(timer));
}

async function keepEvidence(name, server, profile) {
  const folder = join(resultsFolder, name);
  await mkdir(folder, { recursive: true });
  for (const [index, page] of profile.pages().entries())
    await page.screenshot({ path: join(folder, `window-${index + 1}.png`) }).catch(() => undefined);
  await writeFile(join(folder, 'server.log'), server.output());
  for (const path of await server.logs()) await cp(path, join(folder, path.slice(server.folder.length + 1)));
  console.log(`kept in ${folder}`);
}

function report(isPassed, name, startedMs) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${isPassed ? '✓' : '✗'} ${name} (${seconds} s)`);
}

function conclude({ passed = 0, failed = 0, skipped = 0 }) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
