import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { startLab } from '../vcsim/servers.ts';
import { pyvmomiGenerations, runPyvmomi } from '../support/pyvmomi.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

interface Tracked {
  readonly snapshot: string;
  readonly changeId: string;
}

interface Seen {
  readonly base: { readonly sha256: string };
  readonly allocated: { readonly areas: readonly (readonly [number, number])[] };
}

const grainBytes = 65_536;

// The storage side by a client nobody here has written, which reads our answers strictly by its own tables.
toolTest('python3').each(pyvmomiGenerations)(
  '$program tracks changes, moves files, goes back and reads what has happened on vSphere $release',
  async client => {
    await using lab = await startLab(['--api-version', client.release]);
    const passwordFile = join(temporaryFolder('lab-storage'), 'password');
    writeFileSync(passwordFile, lab.password);
    const run = (phase: string, input: string) =>
      runPyvmomi(client, 'labStorageClient.py', [lab.url, lab.user, passwordFile, phase], input);
    const tracked = run('track', '') as Tracked;
    expect(tracked.changeId).toMatch(/^52 [0-9a-f -]{44}\/\d+$/);
    for (const [offset, length] of [
      [3 * grainBytes + 10, 5],
      [4 * grainBytes, grainBytes + 1],
      [40 * grainBytes - 1, 2],
    ] as const)
      await lab.control('disks/web01/2000/bytes', { offset, length, seed: offset });
    await lab.control('faults', { changedAreas: { maxExtents: 1 } });
    const before = await sha256(lab, 'web01', await positionOf(lab, tracked.snapshot));

    const seen = run('use', JSON.stringify(tracked)) as Seen;
    expect(seen).toMatchObject({
      running: 500,
      changed: {
        areas: [
          [3 * grainBytes, 3 * grainBytes],
          [39 * grainBytes, 2 * grainBytes],
        ],
        answers: 2,
      },
      unknownId: 'InvalidArgument',
      beyond: 'InvalidArgument',
      base: { status: 200, sha256: before },
      part: true,
      upload: [201, true],
      search: [
        ['[datastore2] archive01/', 'archive01-flat.vmdk', 'FileInfo', 2 ** 30],
        ['[datastore2] archive01/', 'archive01.vmdk', 'VmDiskInfo', 2 ** 30],
        ['[datastore2] archive01/', 'upload.bin', 'FileInfo', 10_240_000],
      ],
      deleted: 404,
      diskUuid: 47,
      moved: [404, true, 'FileLocked'],
      geometry: [255, 63],
      relocated: [
        '[datastore2] web01/web01-000002.vmdk',
        '[datastore2] web01/web01-000001.vmdk',
        '[datastore2] web01/web01.vmx',
        true,
        true,
      ],
      reverted: {
        power: 'poweredOff',
        current: tracked.snapshot,
        lost: true,
        children: [expect.any(String)],
      },
      afterRemoval: [null, '[datastore2] web01/web01.vmdk'],
      registered: ['archive01', true],
      events: [
        'VirtualMachine.reconfigure',
        'VmReconfiguredEvent',
        'VirtualMachine.createSnapshot',
        'VirtualMachine.createSnapshot',
        'VirtualMachine.relocate',
        'VmRelocatedEvent',
        'vm.Snapshot.revert',
        'VirtualMachine.removeAllSnapshots',
      ],
      collected: ['archive01'],
      latest: ['archive01'],
    });
    expect(seen.allocated.areas.length).toBeGreaterThan(0);
    expect(await sha256(lab, 'web01')).toBe(before);
  },
);

type Lab = Awaited<ReturnType<typeof startLab>>;

async function positionOf(lab: Lab, snapshotId: string): Promise<number> {
  const history = (await lab.control('snapshots')) as {
    readonly snapshotId: string;
    readonly disks: readonly { readonly position: number }[];
  }[];
  return history.find(record => record.snapshotId === snapshotId)!.disks[0]!.position;
}

async function sha256(lab: Lab, vm: string, position?: number): Promise<string> {
  const query = position === undefined ? '' : `?position=${position}`;
  return ((await lab.control(`disks/${vm}/2000/sha256${query}`)) as { sha256: string }).sha256;
}
