import { AppError } from '../../base/errors.ts';
import { JsonReader } from '../../base/jsonReader.ts';
import { type Compression, compressions } from '../../core/codec/compression.ts';
import type { ConsistencyLevel } from '../../core/consistency/level.ts';
import { type ConsistencyPolicy, shortfallChoices } from '../../core/consistency/request/policy.ts';
import { type TransportChoice, transportChoices } from '../../core/jobs/backupVm/transports/transportsFor.ts';
import { nbdInFlightRange, nbdRequestKiBRange, type NbdSettings } from '../../core/disk/nbd/nbdSettings.ts';
import { type ParallelLimits, parallelRange } from '../../core/jobs/backupVm/transferSlots.ts';
import { packMiBRange } from '../../core/repository/storing.ts';

/** The configuration file, docs/CLI.md. It holds no secret: only where each one is found. */
export interface Config {
  readonly vcenters: Readonly<Record<string, VCenterConfig>>;
  readonly repositories: Readonly<Record<string, RepositoryConfig>>;
  /** What a backup does unless the command line says otherwise. */
  readonly backup?: BackupDefaults;
  /** Accounts of guests, by the names of their VMs. */
  readonly guests?: Readonly<Record<string, GuestConfig>>;
  /** Who is told of backups that failed, were less than asked for, or have not run. */
  readonly notify?: NotifyConfig;
}

/** `crash` leaves the guest alone. */
export const askableLevels = [
  'crash',
  'filesystem',
  'application',
] as const satisfies readonly ConsistencyLevel[];

export const vssBackupTypes = ['copy', 'full'] as const;

export interface BackupDefaults {
  readonly level?: (typeof askableLevels)[number];
  readonly minimumLevel?: (typeof askableLevels)[number];
  readonly onShortfall?: ConsistencyPolicy['onShortfall'];
  readonly quiesceTimeoutMinutes?: number;
  readonly vssBackupType?: ConsistencyPolicy['vssBackupType'];
  readonly fullAfterPoints?: number;
  readonly fullAfterDays?: number;
  readonly transport?: TransportChoice;
  readonly parallel?: Partial<ParallelLimits>;
  /** How disks are read through NBD programs. */
  readonly nbd?: NbdSettings;
}

export interface NotifyConfig {
  /** Where its URL is, which may be a secret. */
  readonly webhook?: PasswordPlace;
  readonly command?: readonly string[];
  readonly metricsFile?: string;
}

export interface VCenterConfig {
  /** `https://host[:port]`, of a vCenter or a standalone ESXi host. */
  readonly url: string;
  readonly user: string;
  /** SHA-256 of the server's certificate, pinned at first contact: hexadecimal pairs with colons. */
  readonly fingerprint: string;
  readonly password: PasswordPlace;
}

export interface RepositoryConfig {
  /** A folder or a URL, `core/repository/location.ts`. */
  readonly location: string;
  readonly password: PasswordPlace;
  /** Where the account of its server is, in one line; by default in the variables that restic reads too. */
  readonly account?: PasswordPlace;
  /** Of S3. */
  readonly region?: string;
  /** Certificates of authorities in PEM. */
  readonly caFile?: string;
  readonly compression?: Compression;
  /** Size of packs, within `packMiBRange`. */
  readonly packMiB?: number;
}

export interface GuestConfig {
  readonly user: string;
  readonly password: PasswordPlace;
  /** Whether a backup looks into the guest first. */
  readonly lookBeforeBackup?: boolean;
}

/** Exactly one place. */
export type PasswordPlace =
  | { readonly file: string }
  /** A command line for the system's shell; its first output line is the password. */
  | { readonly command: string }
  | { readonly environment: string };

const configVersion = 1;

export const emptyConfig: Config = { vcenters: {}, repositories: {} };

export function encodeConfig(config: Config): string {
  return `${JSON.stringify({ version: configVersion, ...config }, undefined, 2)}\n`;
}

/** @throws CorruptDataError naming the file and the field; UNSUPPORTED_FORMAT for a version of the future */
export function decodeConfig(text: string, path: string): Config {
  const json = JsonReader.parse(text, path);
  if (json.count('version') !== configVersion) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `${path} is of version ${json.count('version')}, this program reads ${configVersion}`,
      {
        object: path,
        remedy: 'Use the version of Quiesce that wrote it, or a newer one',
      },
    );
  }
  return {
    vcenters: entries(json.object('vcenters'), vcenter => ({
      url: vcenter.string('url'),
      user: vcenter.string('user'),
      fingerprint: vcenter.string('fingerprint'),
      password: readPasswordPlace(vcenter.object('password')),
    })),
    repositories: entries(json.object('repositories'), repository => ({
      // Versions that knew folders alone called it so.
      location: repository.string(repository.has('folder') ? 'folder' : 'location'),
      password: readPasswordPlace(repository.object('password')),
      ...(repository.has('account') && { account: readPasswordPlace(repository.object('account')) }),
      ...(repository.has('region') && { region: repository.string('region') }),
      ...(repository.has('caFile') && { caFile: repository.string('caFile') }),
      ...(repository.has('compression') && { compression: repository.oneOf('compression', compressions) }),
      ...(repository.has('packMiB') && { packMiB: repository.integer('packMiB', packMiBRange) }),
    })),
    ...(json.has('backup') && { backup: readBackupDefaults(json.object('backup')) }),
    ...(json.has('notify') && { notify: readNotify(json.object('notify')) }),
    ...(json.has('guests') && { guests: entries(json.object('guests'), readGuest) }),
  };
}

function readBackupDefaults(json: JsonReader): BackupDefaults {
  return {
    ...(json.has('level') && { level: json.oneOf('level', askableLevels) }),
    ...(json.has('minimumLevel') && { minimumLevel: json.oneOf('minimumLevel', askableLevels) }),
    ...(json.has('onShortfall') && { onShortfall: json.oneOf('onShortfall', shortfallChoices) }),
    ...(json.has('quiesceTimeoutMinutes') && {
      quiesceTimeoutMinutes: json.integer('quiesceTimeoutMinutes', { min: 5, max: 240 }),
    }),
    ...(json.has('vssBackupType') && { vssBackupType: json.oneOf('vssBackupType', vssBackupTypes) }),
    ...(json.has('fullAfterPoints') && {
      fullAfterPoints: json.integer('fullAfterPoints', { min: 1, max: 10_000 }),
    }),
    ...(json.has('fullAfterDays') && {
      fullAfterDays: json.integer('fullAfterDays', { min: 0, max: 10_000 }),
    }),
    ...(json.has('nbd') && { nbd: readNbdSettings(json.object('nbd')) }),
    ...(json.has('transport') && { transport: json.oneOf('transport', transportChoices) }),
    ...(json.has('parallel') && { parallel: readParallel(json.object('parallel')) }),
  };
}

function readParallel(json: JsonReader): Partial<ParallelLimits> {
  return {
    ...(json.has('perHost') && { perHost: json.integer('perHost', parallelRange) }),
    ...(json.has('perDatastore') && { perDatastore: json.integer('perDatastore', parallelRange) }),
    ...(json.has('perVCenter') && { perVCenter: json.integer('perVCenter', parallelRange) }),
  };
}

function readNbdSettings(json: JsonReader): NbdSettings {
  return {
    command: json.strings('command'),
    ...(json.has('library') && { library: json.string('library') }),
    ...(json.has('requestKiB') && { requestKiB: json.integer('requestKiB', nbdRequestKiBRange) }),
    ...(json.has('inFlight') && { inFlight: json.integer('inFlight', nbdInFlightRange) }),
  };
}

function readNotify(json: JsonReader): NotifyConfig {
  return {
    ...(json.has('webhook') && { webhook: readPasswordPlace(json.object('webhook')) }),
    ...(json.has('command') && { command: json.strings('command') }),
    ...(json.has('metricsFile') && { metricsFile: json.string('metricsFile') }),
  };
}

function readGuest(json: JsonReader): GuestConfig {
  return {
    user: json.string('user'),
    password: readPasswordPlace(json.object('password')),
    ...(json.has('lookBeforeBackup') && { lookBeforeBackup: json.boolean('lookBeforeBackup') }),
  };
}

/** The entry a command works on: the one named, or the only one there is. */
export function chooseEntry<T>(
  entriesByName: Readonly<Record<string, T>>,
  wanted: string | undefined,
  kind: 'vCenter' | 'repository',
): { readonly name: string; readonly entry: T } {
  const names = Object.keys(entriesByName);
  const option = kind === 'vCenter' ? '--vcenter' : '--repo';
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    const add = kind === 'vCenter' ? 'quiesce vcenter add' : 'quiesce repo init';
    throw names.length === 0
      ? new AppError('NOT_FOUND', `no ${kind} is configured`, {
          object: kind,
          remedy: `Add one with "${add}"`,
        })
      : new AppError('INVALID_INPUT', `there are several: ${names.join(', ')}`, {
          object: kind,
          remedy: `Say which one with ${option}`,
        });
  }
  const entry = Object.hasOwn(entriesByName, name) ? entriesByName[name] : undefined;
  if (entry === undefined) {
    throw new AppError('NOT_FOUND', `no ${kind} named ${name} is configured`, {
      object: name,
      remedy: names.length === 0 ? 'Add it first' : `Choose one of ${names.join(', ')}`,
    });
  }
  return { name, entry };
}

function entries<T>(json: JsonReader, read: (entry: JsonReader) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(json.fields().map(name => [name, read(json.object(name))]));
}

function readPasswordPlace(json: JsonReader): PasswordPlace {
  const [place, ...others] = json.fields();
  if (others.length === 0 && place === 'file') return { file: json.string('file') };
  if (others.length === 0 && place === 'command') return { command: json.string('command') };
  if (others.length === 0 && place === 'environment') return { environment: json.string('environment') };
  throw json.error('must hold exactly one of file, command, environment');
}
