// Programs that are measured, made as the worker and the command line are: stripping types at each start would be measured, too.
import { join } from 'node:path';
import { build } from 'esbuild';

const clone = join(import.meta.dirname, '..');

/**
 * Bundles programs of `bench/programs`, with the threads that they start beside them.
 * @param folder  of the benchmark
 * @param names   without their ending
 */
export async function bundlePrograms(folder, ...names) {
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node22', logLevel: 'warning' },
    entryPoints: {
      ...Object.fromEntries(names.map(name => [name, join(clone, 'bench/programs', `${name}.mjs`)])),
      sealWorker: join(clone, 'src/core/codec/node/sealWorker.ts'),
      argon2Thread: join(clone, 'src/core/volume/luks/node/argon2Thread.ts'),
    },
    banner: {
      js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
    },
    outExtension: { '.js': '.mjs' },
    outdir: join(folder, 'bundle'),
  });
}

/** What Node is told to run a bundled program as the command line and the worker run. */
export function bundled(folder, name) {
  return ['--max-semi-space-size=8', join(folder, 'bundle', `${name}.mjs`)];
}
