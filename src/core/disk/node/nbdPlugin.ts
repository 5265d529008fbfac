import { execFile } from 'node:child_process';
import type { NbdCommand } from '../nbd/nbdCommand.ts';
import { plainEnvironment } from './plainEnvironment.ts';

/** What nbdkit says of a plugin. */
export type NbdPluginAnswer =
  | { readonly kind: 'no-nbdkit' }
  | { readonly kind: 'no-plugin' }
  | { readonly kind: 'no-library'; readonly said: string }
  | { readonly kind: 'too-old'; readonly version: string; readonly needed: string }
  | { readonly kind: 'ready'; readonly version: string; readonly libraryVersion: string | undefined };

/** Since then the plugin for VMware's library asks several things at once. */
const oldestVddk = '1.30';
/** The library is loaded to be asked for its version. */
const probeTimeoutMs = 30_000;

/** Which plugin a command of nbdkit is about; undefined for other programs. */
export function pluginOf([program = '', ...words]: NbdCommand): string | undefined {
  if (!/(^|\/)nbdkit$/.test(program)) return undefined;
  const optionsWithValue = ['--unix', '-U', '--threads', '-t', '--filter'];
  return words.find(
    (word, index) => !word.startsWith('-') && !optionsWithValue.includes(words[index - 1] ?? ''),
  );
}

/** Asks nbdkit whether it has a plugin, and that whether it has what it needs; nothing is connected to. */
export async function probeNbdkitPlugin(
  plugin: string,
  library: string | undefined,
  signal: AbortSignal,
): Promise<NbdPluginAnswer> {
  const folder = library === undefined ? [] : [`libdir=${library}`];
  const { code, stdout, stderr } = await run([plugin, ...folder, '--dump-plugin'], signal);
  if (code === 'ENOENT') return { kind: 'no-nbdkit' };
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1];
  const needsLibrary = /(^|\/)(nbdkit-)?vddk(-plugin\.so)?$/.test(plugin);
  if (code !== 0) {
    const [said = ''] = stderr.split('\n');
    return /cannot open plugin/.test(stderr) || !needsLibrary
      ? { kind: 'no-plugin' }
      : { kind: 'no-library', said: said.replace(/^nbdkit: error: /, '') };
  }
  const version = value('version') ?? '';
  if (!needsLibrary) return { kind: 'ready', version, libraryVersion: undefined };
  if (isOlder(version, oldestVddk)) return { kind: 'too-old', version, needed: oldestVddk };
  const libraryVersion = value('vddk_library_version');
  return libraryVersion === undefined
    ? { kind: 'no-library', said: '' }
    : { kind: 'ready', version, libraryVersion };
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = than.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const options = { signal, timeout: probeTimeoutMs, cwd: '/', env: plainEnvironment() };
  return await new Promise(resolve => {
    execFile('nbdkit', args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr });
    });
  });
}
