import { describe, expect, test } from 'vitest';

import { MiB } from '../../../../src/base/units.ts';
import { ChunkSet } from '../../../../src/core/changes/chunkSet.ts';
import type { VirtualDiskFacts } from '../../../../src/core/inventory/virtualDisk.ts';
import type { ReadDeps } from '../../../../src/core/jobs/backupVm/readDeps.ts';
import type { ReadRequest } from '../../../../src/core/jobs/backupVm/transports/diskTransport.ts';
import {
  type TransportChoice,
  transportsFor,
} from '../../../../src/core/jobs/backupVm/transports/transportsFor.ts';

const diskBytes = 100 * MiB;
const flat = { type: 'VirtualDiskFlatVer2BackingInfo', fileName: '[ds] web01/web01.vmdk', hasParent: false };
const nbd = { settings: { command: ['vddk'] }, account: { user: 'backup' } };

/** What is known of a disk; nothing is asked of anybody. */
function request({
  backing = flat,
  wantedChunks,
  hasNbd = true,
}: {
  readonly backing?: Partial<VirtualDiskFacts['backing']>;
  readonly wantedChunks?: number;
  readonly hasNbd?: boolean;
}): Omit<ReadRequest, 'isForced'> {
  const wanted = new ChunkSet({ chunkBytes: MiB, diskBytes });
  if (wantedChunks !== undefined) wanted.addRun({ first: 0, end: wantedChunks });
  const disk = { label: 'Hard disk 1', capacityBytes: diskBytes, deviceKey: 2000, backing };
  return {
    session: {},
    place: { snapshot: { vm: { name: 'web01' } }, disk, datacenterPath: 'DC' },
    wanted: wantedChunks === undefined ? undefined : wanted,
    deps: { endpoint: { host: 'vcenter:8443' }, ...(hasNbd && { nbd }) } as unknown as ReadDeps,
  } as unknown as Omit<ReadRequest, 'isForced'>;
}

function ways(of: Parameters<typeof request>[0], choice: TransportChoice = 'auto'): readonly string[] {
  return transportsFor(request(of), choice).ways.map(({ kind }) => kind);
}

describe('left to itself, a backup takes', () => {
  test('an NBD program first where one is settled', () => {
    expect(ways({})).toEqual(['nbd', 'nfc-lease']);
    expect(ways({ hasNbd: false })).toEqual(['nfc-lease']);
  });

  test('ranges of its file for a few chunks of a flat disk, the stream for many', () => {
    expect(ways({ wantedChunks: 30 })).toEqual(['nbd', 'datastore-files', 'nfc-lease']);
    expect(ways({ wantedChunks: 31, hasNbd: false })).toEqual(['nfc-lease']);
  });

  test('no ranges of a chain of files, and says why', () => {
    const { ways: open, passedOver } = transportsFor(
      request({ wantedChunks: 1, hasNbd: false, backing: { ...flat, hasParent: true } }),
      'auto',
    );
    expect(open.map(({ kind }) => kind)).toEqual(['nfc-lease']);
    expect(passedOver).toEqual([
      { kind: 'datastore-files', reason: 'its file does not hold all of the disk' },
    ]);
  });
});

describe('a transport that was chosen', () => {
  test.each(['nbd', 'datastore-files', 'nfc-lease'] as const)('is the only one: %s', choice => {
    expect(ways({}, choice)).toEqual([choice]);
    expect(ways({ wantedChunks: 99 }, choice)).toEqual([choice]);
  });

  test.each([
    [
      'nbd',
      { hasNbd: false },
      'no NBD program is settled',
      /^Settle one by --nbd-command .*, or let Quiesce/,
    ],
    ['datastore-files', { backing: { ...flat, hasParent: true } }, 'does not hold all', /^Remove the older/],
    ['nbd', { backing: {} }, 'has no file that could be named', /^Let Quiesce choose/],
  ] as const)('is refused where it is known to be closed: %s', (choice, of, reason, remedy) => {
    expect(() => ways(of, choice)).toThrow(
      expect.objectContaining({
        code: 'CONFLICT',
        message: expect.stringContaining(
          `web01 Hard disk 1 cannot be read by the transport ${choice}: `,
        ) as unknown,
        remedy: expect.stringMatching(remedy) as unknown,
      }),
    );
    expect(() => ways(of, choice)).toThrow(reason);
  });
});
