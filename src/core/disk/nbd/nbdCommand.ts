import { AppError } from '../../../base/errors.ts';

/** What is known of a disk and of the server that has it; every one may stand in a command in braces: `{server}`. */
export interface NbdCommandValues {
  /** Of the vCenter or host, without a port. */
  readonly server: string;
  /** Undefined where it is 443. */
  readonly port: string | undefined;
  readonly user: string;
  /** SHA-1 of the server's certificate. */
  readonly thumbprint: string;
  /** SHA-256 of it. */
  readonly fingerprint: string;
  /** Managed object ids of the VM and of its snapshot. */
  readonly vm: string;
  readonly snapshot: string;
  readonly 'vm-name': string;
  /** Inventory path of the datacenter, as `/folder` wants it. */
  readonly datacenter: string | undefined;
  /** `[datastore] folder/file.vmdk`, as the snapshot has it. */
  readonly file: string;
  readonly 'disk-key': string;
  /** Folder of a vendor's library. */
  readonly library: string | undefined;
  /** Number of the file descriptor from which the password can be read, a line. */
  readonly 'password-fd': string;
  /** Path of the socket to listen on. A command without it speaks on its standard input and output. */
  readonly socket: string;
}

const names = [
  'server',
  'port',
  'user',
  'thumbprint',
  'fingerprint',
  'vm',
  'snapshot',
  'vm-name',
  'datacenter',
  'file',
  'disk-key',
  'library',
  'password-fd',
  'socket',
] as const satisfies readonly (keyof NbdCommandValues)[];

/** A program and its arguments, or the name of a command that is known here. */
export type NbdCommand = readonly string[];

const nbdkit = ['nbdkit', '--foreground', '--readonly', '--exit-with-parent', '--unix', '{socket}'];
const place = ['server={server}', 'port={port}', 'user={user}', 'password=-{password-fd}'];
const disk = ['vm=moref={vm}', 'snapshot={snapshot}', 'file={file}'];

/** By name. The NFC plugins are younger than any release of nbdkit. */
const known: Readonly<Record<string, NbdCommand>> = {
  vddk: [
    // Requests over 2 MiB make hosts run out of memory behind a vCenter.
    ...[...nbdkit, '--filter=blocksize', 'vddk', 'libdir={library}', ...place, 'thumbprint={thumbprint}'],
    ...[...disk, 'compression=skipz', 'minblock=512', 'maxdata=2M'],
  ],
  nfc: [...nbdkit, 'nfc', ...place, 'thumbprint={thumbprint}', ...disk],
  // It checks certificates by the machine's authorities.
  pynfc: [...nbdkit, 'pynfc', ...place, 'vm={vm-name}', 'file={file}'],
  vectura: [
    // It takes a password from its environment alone: a shell between us puts it there.
    ...['sh', '-c', 'IFS= read -r VECTURA_PASSWORD <&"$0" && export VECTURA_PASSWORD && exec "$@"'],
    ...['{password-fd}', 'vectura', 'serve', '--host={server}', '--user={user}', '--vm-id={vm}'],
    ...['--disk={file}', '--thumbprint=sha256:{fingerprint}'],
  ],
};

/** The words of a command, where one of one word may be the name of a known one. */
export function nbdCommandOf(words: NbdCommand): NbdCommand {
  const [name = ''] = words;
  const command = words.length === 1 && Object.hasOwn(known, name) ? known[name] : undefined;
  return command ?? words;
}

/** Whether the command is told where the disk's server expects the password. */
export function asksFor(words: NbdCommand, name: keyof NbdCommandValues): boolean {
  return words.some(word => word.includes(`{${name}}`));
}

/**
 * Puts values in place. A word that needs a value which is not known is left out: `port={port}`.
 * @throws INVALID_INPUT for a command without words, and for a name in braces that is none
 */
export function fillNbdCommand(words: NbdCommand, values: NbdCommandValues): readonly string[] {
  if (words.length === 0)
    throw invalid('an NBD command without a program', 'Give the program and its arguments');
  return words.flatMap(word => {
    const missing: string[] = [];
    const filled = word.replace(/\{([a-z-]+)\}/g, (_, name: string) => {
      if (!isName(name)) throw invalid(`"{${name}}" in an NBD command`, `Known are ${names.join(', ')}`);
      const value = values[name];
      if (value === undefined) missing.push(name);
      return value ?? '';
    });
    return missing.length === 0 ? [filled] : [];
  });
}

function isName(name: string): name is keyof NbdCommandValues {
  return names.some(known => known === name);
}

function invalid(what: string, remedy: string): AppError {
  return new AppError('INVALID_INPUT', `${what} is not understood`, { object: 'NBD command', remedy });
}
