// Tests inside the extension host, by VS Code's own way of running them: in desktop VS Code where there is one
// (VSCODE_PATH, or `code` on PATH), otherwise in VS Code's server build. The last line is
// `N passed, N failed, N skipped`.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';

import { findChromium, findEditorHost } from '../../scripts/editorHost.mjs';

const clone = join(import.meta.dirname, '../..');
const desktop = findDesktop();
const program = desktop ?? join(import.meta.dirname, 'vscodeInChromium.mjs');
if (process.argv.includes('--only-bundle')) await bundleTests();
else if (desktop === undefined && (findEditorHost() === undefined || findChromium() === undefined)) skipAll();
else await runAll();

function findDesktop() {
  const onPath = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'code'));
  return [process.env.VSCODE_PATH, ...onPath].find(path => path !== undefined && existsSync(path));
}

function skipAll() {
  console.log('There is no editor (node scripts/setup.mjs --test-tools): its tests are skipped');
  conclude(process.env.CI === 'true' ? { failed: 1 } : { skipped: 1 });
}

async function runAll() {
  console.log(
    desktop === undefined ? `${findEditorHost().name} in headless Chromium` : `desktop: ${desktop}`,
  );
  // Short, for sockets lie below it; the worker of the tests is nobody else's.
  const folder = await mkdtemp(join(tmpdir(), 'quiesce-s-'));
  const results = join(folder, 'results.jsonl');
  try {
    const exitCode = await runTests({
      vscodeExecutablePath: program,
      extensionDevelopmentPath: clone,
      extensionTestsPath: await bundleTests(),
      extensionTestsEnv: {
        TMPDIR: folder,
        QUIESCE_STATE: join(folder, 'state'),
        QUIESCE_SUITE_RESULTS: results,
      },
    }).catch(error => {
      console.log(String(error));
      return 1;
    });
    report(exitCode, existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : []);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Inside the clone, so that mocha is found. */
async function bundleTests() {
  const outfile = join(clone, '.cache/suite/index.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'suite/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return outfile;
}

function report(exitCode, lines) {
  const results = lines.map(line => JSON.parse(line));
  for (const { title, durationMs, failure } of results)
    console.log(failure === undefined ? `✓ ${title} (${durationMs} ms)` : `✗ ${title}\n${failure}`);
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const brokeDown = failed === 0 && (exitCode !== 0 || results.length === 0);
  conclude({ passed: results.length - failed, failed: brokeDown ? 1 : failed });
}

function conclude({ passed = 0, failed = 0, skipped = 0 }) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
