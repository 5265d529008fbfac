import type { VolumeDto } from '../../protocol/guest.ts';

/** Whether it is encrypted, and its passphrase has not been given. */
export function isLocked({ content }: VolumeDto): boolean {
  return content?.kind === 'luks';
}
