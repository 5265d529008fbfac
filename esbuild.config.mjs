// Bundles, one per process. What a process must not know is not marked external, so that importing it fails the build.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { build, context } from 'esbuild';

import { thirdPartyNotices } from './scripts/thirdPartyNotices.mjs';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const outdir =
  process.argv.find(argument => argument.startsWith('--outdir='))?.slice('--outdir='.length) ?? 'dist';

/** Some dependencies are CommonJS and ask for `require`, which an ES module bundle has to bring along. */
const banner = {
  js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  sourcemap: !production,
  minify: production,
  // Licenses are told whole in THIRD-PARTY-NOTICES.txt.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  outExtension: { '.js': '.mjs' },
  outdir,
  banner,
};

/** The library for S3 is loaded by whoever uses an object store, and by nobody else. */
const s3Later = {
  name: 's3-later',
  setup(builder) {
    builder.onResolve({ filter: /\/s3Sdk\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './s3Sdk.mjs', external: true } : undefined,
    );
  },
};

/** Keys are always given: half of the library are ways to find some on the machine, of which none is ever asked. */
const givenKeysOnly = {
  name: 'given-keys-only',
  setup(builder) {
    const filter = /^@aws-sdk\/credential-provider-node$/;
    builder.onResolve({ filter }, ({ path }) => ({ path, namespace: 'given-keys-only' }));
    builder.onLoad({ filter, namespace: 'given-keys-only' }, () => ({
      contents: 'export const defaultProvider = undefined;',
    }));
  },
};

const bundles = [
  {
    ...node,
    plugins: [s3Later],
    entryPoints: {
      cli: 'src/cli/main.ts',
      worker: 'src/worker/main.ts',
      sealWorker: 'src/core/codec/node/sealWorker.ts',
      argon2Thread: 'src/core/volume/luks/node/argon2Thread.ts',
      lab: 'src/lab/main.ts',
    },
  },
  {
    ...node,
    plugins: [givenKeysOnly],
    mainFields: ['module', 'main'],
    entryPoints: { s3Sdk: 'src/core/repository/node/s3Sdk.ts' },
  },
  // The editor loads CommonJS, and brings the module `vscode` itself.
  {
    ...node,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    banner: {},
    external: ['vscode'],
    entryPoints: { extension: 'src/extension.ts' },
  },
  // Pages of webviews: a script and a style sheet each, for the browser inside the oldest editor.
  {
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'chrome130',
    sourcemap: production ? false : 'inline',
    minify: production,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    outdir: `${outdir}/media`,
    entryPoints: [
      { in: 'media/restoreBrowser/main.ts', out: 'restoreBrowser' },
      { in: 'media/restoreBrowser/restoreBrowser.css', out: 'restoreBrowser' },
      { in: 'media/recovery/main.ts', out: 'recovery' },
      { in: 'media/recovery/recovery.css', out: 'recovery' },
    ],
  },
];

await rm(outdir, { recursive: true, force: true });
await mkdir(`${outdir}/lab`, { recursive: true });
for (const asset of ['small-guest.img.zst', 'small-guest.json', 'small-guest-files.jsonl'])
  await copyFile(`src/lab/images/${asset}`, `${outdir}/lab/${asset}`);

if (watch) {
  for (const options of bundles) {
    const watched = await context({ ...options, plugins: [...(options.plugins ?? []), reportToEditor()] });
    await watched.watch();
  }
} else {
  const results = await Promise.all(bundles.map(options => build(options)));
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  await writeFile(`${outdir}/THIRD-PARTY-NOTICES.txt`, await thirdPartyNotices(inputs));
}

/** Prints the lines that the problem matcher in .vscode/tasks.json waits for. */
function reportToEditor() {
  return {
    name: 'report-to-editor',
    setup(builder) {
      builder.onStart(() => console.log('[watch] build started'));
      builder.onEnd(result => {
        for (const { text, location } of result.errors) {
          console.error(`✘ [ERROR] ${text}`);
          if (location) console.error(`    ${location.file}:${location.line}:${location.column}:`);
        }
        console.log('[watch] build finished');
      });
    },
  };
}
