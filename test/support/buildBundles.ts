import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the bundles made for this run: the process tests run what is shipped. */
    bundles: string;
  }
}

export function setup(project: TestProject): () => void {
  const folder = join(import.meta.dirname, `../../.cache/bundles-${process.pid}`);
  execFileSync(process.execPath, ['esbuild.config.mjs', `--outdir=${folder}`], { stdio: 'inherit' });
  project.provide('bundles', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
