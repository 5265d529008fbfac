import { compareVersions } from './schema/versions.ts';
import type { Vim } from './vimCaller.ts';

/**
 * What not every server can do. Whoever needs one of these asks first, so that an old server, or a host on its own, is a
 * plan with less in it and not a call that fails.
 */
export type Capability = keyof typeof capabilities;

const capabilities = {
  /** Reading the disks of a running VM through a snapshot. */
  exportSnapshot: { since: '5.5' },
  /** `CreateSnapshotEx_Task`: time limit, VSS backup type and context of a quiesced snapshot. */
  quiesceSpec: { since: '6.5' },
  /** VMs with NVMe controllers. */
  nvmeController: { since: '6.5' },
  encryption: { since: '6.5' },
  /** Snapshots of suspended VMs without their memory. */
  diskOnlySnapshotOfSuspended: { since: '6.7' },
  trustedPlatformModule: { since: '6.7' },
  /** SHA-256 of what was transferred under a lease; before it is SHA-1. */
  transferChecksumSha256: { since: '6.7' },
  /** Folders for VMs, and several hosts to place them on. */
  placement: { since: '5.5', needsVCenter: true },
  tags: { since: '6.5', needsVCenter: true },
} as const satisfies Readonly<Record<string, { readonly since: string; readonly needsVCenter?: true }>>;

/** As a server tells of itself. */
export type ServerAbout = Pick<Vim<'AboutInfo'>, 'apiType' | 'apiVersion'>;

export function hasCapability({ apiType, apiVersion }: ServerAbout, capability: Capability): boolean {
  const { since, needsVCenter = false }: { readonly since: string; readonly needsVCenter?: boolean } =
    capabilities[capability];
  return compareVersions(apiVersion, since) >= 0 && (!needsVCenter || !isHost(apiType));
}

/** What a server can do, and from when on servers can. */
export interface CapabilityState {
  readonly id: Capability;
  readonly isAvailable: boolean;
  /** Version of the API that it came with. */
  readonly since: string;
  /** A host on its own has it in no version. */
  readonly needsVCenter: boolean;
}

/** In the order of the table. */
export function capabilitiesOf(about: ServerAbout): readonly CapabilityState[] {
  return (Object.keys(capabilities) as Capability[]).map(id => ({
    id,
    isAvailable: hasCapability(about, id),
    since: capabilities[id].since,
    needsVCenter: 'needsVCenter' in capabilities[id],
  }));
}

/** What the server lacks, in the order of the table. */
export function missingCapabilities(about: ServerAbout): Capability[] {
  return capabilitiesOf(about).flatMap(({ id, isAvailable }) => (isAvailable ? [] : [id]));
}

/** Whether it is a host on its own. */
export function isHost(apiType: string): boolean {
  return apiType === 'HostAgent';
}
