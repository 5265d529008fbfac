import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { MiB } from '../../../../src/base/units.ts';
import { DiskStore } from '../../../../src/lab/disk/diskStore.ts';
import type { ExportedDisk } from '../../../../src/lab/model/lease.ts';
import { KeptExports } from '../../../../src/lab/nfc/keptExports.ts';
import { collect } from '../../../support/collect.ts';
import { pattern } from '../../../support/pattern.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { diskAt, ready, unpack, urls } from '../labExports.ts';
import { archive01, loggedIn, textOf } from '../labFixture.ts';

const sent = pattern(MiB + 7);
const transferred = { sizeBytes: sent.byteLength, sha1: 'one', sha256: 'other' };

function stream() {
  const bytes = (async function* () {
    for (let at = 0; at < sent.byteLength; at += 100_000)
      yield await Promise.resolve(sent.slice(at, at + 100_000));
  })();
  return { bytes, transferred: () => transferred };
}

test('what was sent whole is sent again for the same state of the disk, and for no other', async () => {
  const folder = temporaryFolder('kept');
  await using disks = new DiskStore(folder);
  const disk = await disks.blank('disk', MiB);
  const state = (position: number): ExportedDisk => ({ kind: 'export', disk, position, files: [] });
  const kept = new KeptExports(folder);
  expect(kept.find(state(0), 'vsphere')).toBeUndefined();
  expect(Buffer.concat(await collect(kept.keep(state(0), 'vsphere', stream()).bytes))).toEqual(
    Buffer.from(sent),
  );
  for (let time = 0; time < 2; time += 1) {
    const again = kept.find(state(0), 'vsphere');
    expect(Buffer.concat(await collect(again!.bytes))).toEqual(Buffer.from(sent));
    expect(again?.transferred()).toEqual(transferred);
  }
  expect(kept.find(state(1), 'vsphere')).toBeUndefined();
  expect(kept.find(state(0), 'qemu')).toBeUndefined();
  expect(kept.find({ ...state(0), disk: await disks.blank('other', MiB) }, 'vsphere')).toBeUndefined();
});

test('of a stream that nobody took to its end nothing is kept', async () => {
  const folder = temporaryFolder('kept');
  await using disks = new DiskStore(folder);
  const exported = { kind: 'export', disk: await disks.blank('disk', MiB), position: 0, files: [] } as const;
  const kept = new KeptExports(folder);
  for await (const piece of kept.keep(exported, 'vsphere', stream()).bytes) {
    expect(piece).toHaveLength(100_000);
    break;
  }
  expect(kept.find(exported, 'vsphere')).toBeUndefined();
  expect(readdirSync(folder).filter(name => name.endsWith('.vmdk'))).toEqual([]);
});

test('exports that are kept are those of the disk as it is, with what a file of this machine has written to it', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { keepExports: true });
  const read = async () => {
    const lease = await ready(lab, await lab.call('ExportVm', archive01));
    const [path = ''] = await urls(lab, lease);
    const { body } = await lab.http('GET', path);
    const sha1 = textOf(await lab.call('HttpNfcLeaseGetManifest', lease), 'sha1');
    expect(sha1).toBe(createHash('sha1').update(body).digest('hex'));
    await lab.call('HttpNfcLeaseComplete', lease);
    return body;
  };
  const first = await read();
  expect(Buffer.compare(await read(), first)).toBe(0);
  const path = join(temporaryFolder('written'), 'file');
  const written = pattern(300_000, 0, 5);
  writeFileSync(path, written);
  const place = { path, pathOffset: 1000, offset: 131_072, length: 200_000 };
  await lab.control('POST', '/disks/archive01/2000/bytes', place);
  const changed = await unpack(await read());
  expect(Buffer.compare(changed.subarray(131_072, 331_072), written.subarray(1000, 201_000))).toBe(0);
  expect(Buffer.compare(changed, await diskAt(lab, 'archive01', 2000, 1))).toBe(0);
});
