import { AppError } from '../base/errors.ts';
import { compareVersions } from '../core/vsphere/schema/versions.ts';

/** Which server the lab passes for. */
export interface Personality {
  /** What it speaks, for instance `8.0.3.0`. */
  readonly apiVersion: string;
  /** What it calls itself, for instance `8.0.3`. */
  readonly productVersion: string;
  /** The newest virtual hardware it knows, for instance `vmx-21`. */
  readonly hardware: string;
  /** A host on its own instead of a vCenter with hosts. */
  readonly isHost: boolean;
}

/** What kind of server it is; an upgrade changes that. */
export interface ServerState {
  personality: Personality;
  /** Whether it refuses every change: of a saved inventory there is nothing but what was read. */
  readonly isReadOnly: boolean;
}

/** By what people call them, oldest first. */
const releases: Readonly<Record<string, Omit<Personality, 'isHost'>>> = {
  '5.5': { apiVersion: '5.5', productVersion: '5.5.0', hardware: 'vmx-10' },
  '6.0': { apiVersion: '6.0', productVersion: '6.0.0', hardware: 'vmx-11' },
  '6.5': { apiVersion: '6.5', productVersion: '6.5.0', hardware: 'vmx-13' },
  '6.7': { apiVersion: '6.7.3', productVersion: '6.7.0', hardware: 'vmx-15' },
  '7.0': { apiVersion: '7.0.3.0', productVersion: '7.0.3', hardware: 'vmx-19' },
  '8.0': { apiVersion: '8.0.3.0', productVersion: '8.0.3', hardware: 'vmx-21' },
  '9.0': { apiVersion: '9.0.0.0', productVersion: '9.0.0', hardware: 'vmx-22' },
};

export const defaultRelease = '8.0';

/** @throws INVALID_INPUT for a release the lab does not know */
export function personalityOf(release: string, isHost: boolean): Personality {
  const found = releases[release];
  if (found !== undefined) return { ...found, isHost };
  throw new AppError('INVALID_INPUT', `the lab knows no version ${release} of vSphere`, {
    object: release,
    remedy: `Take one of ${Object.keys(releases).join(', ')}`,
  });
}

/** The versions a server of this one lists as spoken, its own first. */
export function spokenVersions({ apiVersion }: Personality): readonly string[] {
  const older = published.filter(version => compareVersions(version, apiVersion) < 0);
  return [apiVersion, ...older.toReversed()];
}

/** Versions of the API that servers name, oldest first. */
const published = [
  ...[
    '4.0',
    '4.1',
    '5.0',
    '5.1',
    '5.5',
    '6.0',
    '6.5',
    '6.7',
    '6.7.1',
    '6.7.2',
    '6.7.3',
    '7.0.0.0',
    '7.0.1.0',
  ],
  ...[
    '7.0.1.1',
    '7.0.2.0',
    '7.0.2.1',
    '7.0.3.0',
    '7.0.3.1',
    '7.0.3.2',
    '8.0.0.1',
    '8.0.1.0',
    '8.0.2.0',
    '8.0.3.0',
  ],
];
