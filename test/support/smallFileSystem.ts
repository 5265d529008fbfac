import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';

/** A real file system that is full after so many bytes, below a folder of its own. Disposing takes it away. */
export class SmallFileSystem implements Disposable {
  readonly folder: string;

  constructor(sizeBytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'quiesce-small-'));
    try {
      const options = `size=${sizeBytes},mode=700`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder], { stdio: 'pipe' });
    } catch (error) {
      rmSync(this.folder, { recursive: true });
      throw error;
    }
  }

  /** Makes it larger or smaller, with everything in it. */
  resize(sizeBytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${sizeBytes}`, this.folder], { stdio: 'pipe' });
  }

  /** As a share does whose server wants no more writes. */
  setReadOnly(isReadOnly: boolean): void {
    execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.folder], { stdio: 'pipe' });
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.folder], { stdio: 'pipe' });
    rmSync(this.folder, { recursive: true });
  }
}

/** A mount point that can lose what is mounted on it, and get it back. Disposing unmounts it. */
export class UnsteadyMount implements Disposable {
  readonly folder: string;
  readonly #mounted: string;

  /** @param mounted  a folder that is there all the time */
  constructor(mounted: string) {
    this.#mounted = mounted;
    this.folder = mkdtempSync(join(tmpdir(), 'quiesce-mount-'));
    this.mount();
  }

  mount(): void {
    execFileSync('mount', ['--bind', this.#mounted, this.folder], { stdio: 'pipe' });
  }

  /** Also under open files. */
  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder], { stdio: 'pipe' });
  }

  [Symbol.dispose](): void {
    this.unmount();
    rmSync(this.folder, { recursive: true });
  }
}

/**
 * For tests that need a file system of their own. Where none may be mounted, the test is skipped and its title says
 * why; under CI that is an error, because there nothing may go unproven.
 */
export function mountTest(): (title: string, run: () => Promise<void>) => void {
  const problem = whyNotMountable();
  if (problem === undefined) return (title, run) => test(title, run);
  if (process.env['CI'] === 'true') throw new Error(`no file system can be mounted: ${problem}`);
  return (title, run) => test.skip(`${title} (no file system can be mounted)`, run);
}

function whyNotMountable(): string | undefined {
  try {
    new SmallFileSystem(1024 * 1024)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
