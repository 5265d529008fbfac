import { randomUuid } from '../../base/random.ts';
import { KiB } from '../../base/units.ts';
import type { StoredBlock } from '../disk/diskBytes.ts';
import type { LabContext } from '../labContext.ts';
import { DiskChain } from '../model/diskChain.ts';
import { VimFault } from '../soap/vimFault.ts';
import type { DatastoreFile } from './datastoreFile.ts';
import { besides, formatDatastorePath, type DatastorePlace } from './datastorePath.ts';

/** Nobody reads more of a file to learn that it is no descriptor. */
const maxDescriptorBytes = 64 * KiB;

/**
 * A disk of files that somebody has put on a datastore: a descriptor and its one flat extent. Undefined without a file
 * of that name that is nobody's.
 * @throws VimFault GenericVmConfigFault for other kinds of disks, such as streamOptimized ones, which a host does not run
 */
export async function openUploadedDisk(
  lab: LabContext,
  place: DatastorePlace,
): Promise<DiskChain | undefined> {
  const { datastores } = lab;
  const path = formatDatastorePath(place);
  const file = datastores.file(place);
  if (file === undefined || datastores.owner(place) !== undefined) return undefined;
  const descriptor =
    file.bytes.sizeBytes > maxDescriptorBytes ? '' : (await contentOf(file)).toString('utf8');
  const line = /^RW (\d{1,12}) VMFS "([^"/]+)"\s*$/m.exec(descriptor);
  const extentPlace = { ...place, path: besides(place.path, line?.[2] ?? '') };
  const extent = line === null ? undefined : datastores.file(extentPlace);
  const isWhole =
    /^createType="vmfs"\s*$/m.test(descriptor) && extent?.bytes.sizeBytes === Number(line?.[1]) * 512;
  if (!isWhole)
    throw new VimFault('GenericVmConfigFault', `Unsupported or invalid disk type for '${path}'.`, {
      reason: 'Unsupported or invalid disk type. Ensure that the disk has been imported.',
    });
  const content = await lab.disks.fromBlocks(path, extent.bytes.sizeBytes, blocksOf(extent));
  datastores.remove(place);
  datastores.remove(extentPlace);
  const isThin = /^ddb\.thinProvisioned = "1"/m.test(descriptor);
  const backing = { diskMode: 'persistent', thinProvisioned: isThin, sharing: 'sharingNone' };
  const uuid = randomUuid(lab.random).toUpperCase();
  return new DiskChain({ _type: 'VirtualDisk', key: -1, backing }, content, path, uuid);
}

async function contentOf(file: DatastoreFile): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const { bytes } of blocksOf(file)) pieces.push(bytes);
  return Buffer.concat(pieces);
}

async function* blocksOf({ bytes }: DatastoreFile): AsyncGenerator<StoredBlock> {
  let offsetBytes = 0;
  if (bytes.read === undefined) return;
  for await (const piece of bytes.read(0, bytes.sizeBytes)) {
    yield { offsetBytes, bytes: piece };
    offsetBytes += piece.length;
  }
}
