import { defineConfig } from 'vitest/config';

/** The editor's module exists only inside the editor. */
const alias = { vscode: `${import.meta.dirname}/test/support/fakeVscode.ts` };

/** Only a hang ends here: how fast a busy machine is, no test may depend on. */
const patience = { poll: { timeout: 60_000 } };

/** Tests are found by glob, never listed. `process` runs real programs and bundles, `unit` runs in memory. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/{unit,contract,architecture,fuzz}/**/*.test.ts'],
          setupFiles: ['test/support/propertySeed.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: patience,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts'],
          setupFiles: ['test/support/propertySeed.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          expect: patience,
          fileParallelism: false,
          globalSetup: ['test/support/buildBundles.ts'],
        },
      },
    ],
  },
});
