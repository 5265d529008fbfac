import { memorySource } from '../../src/core/block/memorySource.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { fileSystemImages, readImage, readManifest } from '../images/images.ts';
import { anySignal } from '../support/anySignal.ts';
import { describeGuestFileSystem } from './guestFileSystem.ts';

for (const name of fileSystemImages()) {
  const open = async () => await openGuestFileSystem(memorySource(readImage(name)), anySignal);
  describeGuestFileSystem(name, open, readManifest(name));
}
