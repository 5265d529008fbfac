import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { CancelledError } from '../../src/base/errors.ts';
import {
  datastoreFileUrl,
  openDatastoreFile,
  readDatastoreFile,
  type DatastoreFileRange,
} from '../../src/core/vsphere/node/datastoreFiles.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { anySignal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { toolTest } from '../support/tools.ts';
import { logIn, startLab, startVcsim, type LoggedIn } from '../vcsim/servers.ts';

const watch = { clock: systemClock, stallTimeoutMs: 60_000 };

async function read({ client }: LoggedIn, place: Place, range?: DatastoreFileRange): Promise<Buffer> {
  await using file = await openDatastoreFile(client, place, range, watch, anySignal);
  return Buffer.concat(await collect(file.bytes));
}

interface Place {
  readonly datacenterPath: string;
  readonly path: string;
}

const servers = [
  ["govmomi's simulator", startVcsim, '/DC0/vm/DC0_H0_VM0', 'DC0'],
  ['the lab', startLab, '/Lab/vm/Archive/archive01', '/Lab/'],
] as const;

toolTest('go').each(servers)(
  'a file of a datastore is read whole and in parts from %s',
  async (_, start, vmPath, datacenterPath) => {
    await using server = await start();
    await using open = await logIn(server);
    const machine = await findVirtualMachine(open.session, vmPath, anySignal);
    const { disks } = await readVirtualMachine(open.session, machine, anySignal);
    const place = { datacenterPath, path: disks[0]!.backing.fileName! };
    const whole = Buffer.from(await readDatastoreFile(open.client, place, 100_000, watch, anySignal));
    expect(whole.toString()).toContain('# Disk DescriptorFile');
    expect(await read(open, place, { offsetBytes: 2, lengthBytes: 4 })).toEqual(whole.subarray(2, 6));
    const behind = { offsetBytes: whole.length - 3, lengthBytes: 10 };
    expect(await read(open, place, behind)).toEqual(whole.subarray(-3));

    const { version, sizeBytes } = await openDatastoreFile(open.client, place, undefined, watch, anySignal);
    expect(sizeBytes).toBe(whole.length);
    expect(version).toBeTruthy();
    const same = { offsetBytes: 0, lengthBytes: 5, version: version! };
    expect(await read(open, place, same)).toEqual(whole.subarray(0, 5));
    await expect(read(open, place, { ...same, version: '"another"' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(read(open, place, { offsetBytes: whole.length, lengthBytes: 1 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    const absent = { ...place, path: place.path.replace(/[^/]*$/, 'none.vmx') };
    await expect(read(open, absent)).rejects.toMatchObject({ code: 'NOT_FOUND', object: absent.path });
    await expect(
      readDatastoreFile(open.client, place, whole.length - 1, watch, anySignal),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  },
);

test('what a server refuses is told with its remedy, and whether it may pass', async () => {
  await using server = await startLab();
  await using open = await logIn(server);
  const [running, off] = [
    { datacenterPath: 'Lab', path: '[datastore1] web01/web01-flat.vmdk' },
    { datacenterPath: 'Lab', path: '[datastore2] archive01/archive01-flat.vmdk' },
  ];
  await expect(read(open, running)).rejects.toMatchObject({ code: 'CONFLICT', retryable: true });
  await server.control('faults', {
    datastoreRequests: [
      { kind: 'refuse', status: 503 },
      { kind: 'refuse', status: 403 },
      { kind: 'cut', afterBytes: 1000 },
    ],
  });
  const part = { offsetBytes: 0, lengthBytes: 5000 };
  await expect(read(open, off, part)).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
  await expect(read(open, off, part)).rejects.toMatchObject({ code: 'PERMISSION', retryable: false });
  await expect(read(open, off, part)).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
  expect(await read(open, off, part)).toHaveLength(5000);

  const end = new AbortController();
  await using file = await openDatastoreFile(open.client, off, undefined, watch, end.signal);
  await expect(
    (async () => {
      for await (const piece of file.bytes) if (piece.length > 0) end.abort(new CancelledError());
    })(),
  ).rejects.toMatchObject({ code: 'CANCELLED' });

  await server.control('sessions/expire', {});
  await expect(read(open, off, part)).rejects.toMatchObject({ code: 'AUTHENTICATION', retryable: true });
});

test('names are written into the address so that they stay names', () => {
  const place = { datacenterPath: '/Europe/Köln & Bonn/', path: '[data store #1] a b/c?d%e+f/g.vmx' };
  const url = datastoreFileUrl('vc.example:8443', place);
  expect(url.pathname).toBe('/folder/a%20b/c%3Fd%25e%2Bf/g.vmx');
  expect([url.searchParams.get('dcPath'), url.searchParams.get('dsName')]).toEqual([
    'Europe/Köln & Bonn',
    'data store #1',
  ]);
  expect(() => datastoreFileUrl('vc', { datacenterPath: 'a', path: 'web01/web01.vmx' })).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});
