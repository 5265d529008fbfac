// The extension as it is shipped.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const clone = join(import.meta.dirname, '..');

/**
 * Builds the bundles for production (`vscode:prepublish`) and packs what .vscodeignore lets through.
 * @param {string} target  path of the .vsix
 * @param {string} [version]  instead of the one in package.json, which stays as it is
 */
export function packageExtension(target, version) {
  execFileSync(
    process.execPath,
    [
      join(clone, 'node_modules/@vscode/vsce/vsce'),
      'package',
      ...(version === undefined ? [] : [version, '--no-update-package-json', '--no-git-tag-version']),
      ...['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', target],
    ],
    { cwd: clone, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}
