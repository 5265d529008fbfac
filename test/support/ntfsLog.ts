import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const pageBytes = 4096;
const sectorBytes = 512;

/** What the restart area of a `$LogFile` says: whether a client uses it, and whether it was closed. */
export interface RestartArea {
  readonly clientInUse: boolean;
  readonly isClosed: boolean;
}

/**
 * Gives the emptied log of a fresh image a restart area, as Windows writes one, in both of its pages. The log is the one
 * long run of 0xFF in the image. Source: "$LogFile", NTFS documentation of the Linux-NTFS project, version 1.1 of the log.
 */
export function writeRestartArea(imagePath: string, area: RestartArea): void {
  const { offset, sizeBytes } = emptiedLog(readFileSync(imagePath));
  const file = openSync(imagePath, 'r+');
  try {
    for (const page of [0, 1])
      writeSync(
        file,
        restartPage(area, sizeBytes, BigInt(1000 + page)),
        0,
        pageBytes,
        offset + page * pageBytes,
      );
  } finally {
    closeSync(file);
  }
}

function emptiedLog(image: Buffer): { readonly offset: number; readonly sizeBytes: number } {
  const offset = image.indexOf(Buffer.alloc(16 * pageBytes, 0xff));
  let end = offset;
  while (image[end] === 0xff) end += 1;
  return { offset, sizeBytes: end - offset };
}

function restartPage({ clientInUse, isClosed }: RestartArea, logBytes: number, lsn: bigint): Uint8Array {
  const page = new Uint8Array(pageBytes);
  const view = new DataView(page.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const areaAt = 48;
  const clientsAt = 48;
  const clientBytes = 160;
  page.set(Buffer.from('RSTR'));
  u16(4, 30);
  u16(6, 1 + pageBytes / sectorBytes);
  view.setUint32(16, pageBytes, true);
  view.setUint32(20, pageBytes, true);
  u16(24, areaAt);
  u16(26, 1);
  u16(28, 1);
  view.setBigUint64(areaAt, lsn, true);
  u16(areaAt + 8, 1);
  u16(areaAt + 10, clientInUse ? 0xffff : 0);
  u16(areaAt + 12, clientInUse ? 0 : 0xffff);
  u16(areaAt + 14, isClosed ? 2 : 0);
  view.setUint32(areaAt + 16, 67 - logBytes.toString(2).length, true);
  u16(areaAt + 20, clientsAt + clientBytes);
  u16(areaAt + 22, clientsAt);
  view.setBigUint64(areaAt + 24, BigInt(logBytes), true);
  u16(areaAt + 36, 48);
  u16(areaAt + 38, 64);
  u16(areaAt + clientsAt + 16, 0xffff);
  u16(areaAt + clientsAt + 18, 0xffff);
  view.setUint32(areaAt + clientsAt + 28, 8, true);
  page.set(Buffer.from('NTFS', 'utf16le'), areaAt + clientsAt + 32);
  // The last two bytes of each sector are kept beside it, and replaced by a number.
  u16(30, 1);
  for (let sector = 0; sector < pageBytes / sectorBytes; sector += 1) {
    const end = (sector + 1) * sectorBytes - 2;
    u16(32 + sector * 2, view.getUint16(end, true));
    u16(end, 1);
  }
  return page;
}
