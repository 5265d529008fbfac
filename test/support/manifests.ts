import type { Manifest } from '../../src/core/catalog/manifest.ts';
import { MiB } from '../../src/base/units.ts';

/** A complete manifest of a small VM; `over` replaces whole fields. */
export function sampleManifest(over: Partial<Manifest> = {}): Manifest {
  return {
    version: 1,
    program: 'quiesce 0.0.0',
    vm: {
      instanceUuid: '5012a8a4-0000-4000-8000-000000000001',
      biosUuid: '4212a8a4-0000-4000-8000-000000000001',
      name: 'web01',
      id: 'vm-42',
      inventoryPath: '/DC/vm/web01',
      guestId: 'debian12_64Guest',
      guestName: 'Debian GNU/Linux 12 (64-bit)',
      powerState: 'poweredOn',
    },
    server: {
      instanceUuid: '1111a8a4-0000-4000-8000-000000000001',
      address: 'vcenter.example',
      product: 'VMware vCenter Server 8.0.3',
      apiVersion: '8.0.3.0',
    },
    takenAt: '2026-11-22T10:00:00.000Z',
    startedAt: '2026-11-22T09:59:58.000Z',
    finishedAt: '2026-11-22T10:01:00.000Z',
    consistency: {
      requested: 'filesystem',
      proven: 'crash',
      claimed: 'filesystem',
      evidence: [{ rule: 'SNAP-QUIESCED-FLAG', statement: 'The server reports the snapshot as quiesced' }],
      downgrades: [],
    },
    snapshot: { id: 'snapshot-7', name: 'quiesce-1', quiesced: true },
    disks: [
      {
        key: 2000,
        label: 'Hard disk 1',
        capacityBytes: 5 * MiB + 512,
        chunkBytes: MiB,
        partBytes: 2 * MiB,
        attachment: 'ParaVirtualSCSIController 0:0',
        backing: { fileName: '[ds] web01/web01.vmdk', thinProvisioned: true, diskMode: 'persistent' },
        transport: { kind: 'nfc-lease', readMode: 'whole', receivedBytes: 1, storedBytes: 1 },
      },
    ],
    leftOutDisks: [],
    ...over,
  };
}
