import { readStreamOptimized } from '../../../src/core/disk/vmdk/streamOptimizedReader.ts';
import { anySignal } from '../../support/anySignal.ts';
import { diskBytes, faultType, find, findAll, type Ref, type TestLab } from './labFixture.ts';

/** Waits until the lease is no longer being prepared. */
export async function ready(
  lab: TestLab,
  started: { readonly localName: string } & Parameters<typeof find>[0] & object,
): Promise<Ref> {
  if (started.localName === 'Fault') throw new Error(faultType(started));
  const lease: Ref = ['HttpNfcLease', find(started, 'returnval')?.text ?? ''];
  while ((await lab.read(lease, 'state'))?.text === 'initializing');
  return lease;
}

export async function urls(lab: TestLab, lease: Ref): Promise<string[]> {
  const info = await lab.read(lease, 'info');
  return info === undefined
    ? []
    : findAll(info, 'url').map(url => new URL(url.text.replace('*', 'host')).pathname);
}

/** What a VMDK holds, as one array. */
export async function unpack(vmdk: Uint8Array): Promise<Uint8Array> {
  const source = (async function* () {
    yield vmdk;
  })();
  await using disk = await readStreamOptimized(source, 'test', anySignal);
  const bytes = new Uint8Array(disk.header.capacityBytes);
  for await (const block of disk.blocks()) bytes.set(block.bytes, block.offsetBytes);
  return bytes;
}

export async function diskAt(lab: TestLab, vm: string, key: number, position: number): Promise<Buffer> {
  const query = `position=${position}&offset=0&length=${diskBytes}`;
  return (await lab.control('GET', `/disks/${vm}/${key}/bytes?${query}`)) as Buffer;
}
