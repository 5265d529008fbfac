import type { Volume, VolumeListing } from './volume.ts';

/** What was found on the disks of a VM, while more is being added to it. */
export interface OpenListings {
  /** By disk. */
  readonly volumes: Volume[][];
  readonly problems: string[][];
  readonly close: () => VolumeListing[];
}

export function openListings(listings: readonly VolumeListing[]): OpenListings {
  const volumes = listings.map(listing => [...listing.volumes]);
  const problems = listings.map(listing => [...listing.problems]);
  return {
    volumes,
    problems,
    close: () =>
      listings.map((listing, disk) => ({
        ...listing,
        volumes: volumes[disk] ?? [],
        problems: problems[disk] ?? [],
      })),
  };
}
