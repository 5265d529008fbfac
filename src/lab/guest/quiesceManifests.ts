import { crc32 } from 'node:zlib';

import type { GuestWriter } from './guestNature.ts';

/** What VMware Tools leave of a Linux whose file systems were frozen. */
export function freezeManifest(toolsVersion: number): Uint8Array {
  const version = [toolsVersion >> 10, (toolsVersion >> 5) & 31, toolsVersion & 31].join('.');
  return Buffer.from(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<quiesceManifest>',
      `  <productVersion>${version}</productVersion>`,
      '  <providerName>fifreeze</providerName>',
      '</quiesceManifest>',
      '',
    ].join('\n'),
  );
}

/** What VMware Tools leave of a Windows: `backup.xml`, and a document of each writer that took part. */
export function vssManifest(writers: readonly GuestWriter[]): Uint8Array {
  const components = writers.map(({ id }) => `<WRITER_COMPONENTS writerId="${id}" instanceId="${id}"/>`);
  return zipOf([
    [
      'backup.xml',
      `<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata">${components.join('')}</BACKUP_COMPONENTS>`,
    ],
    ...writers.map(
      ({ id, name }, index) =>
        [
          `writer${index}.xml`,
          `<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo"><IDENTIFICATION writerId="${id}" instanceId="${id}" friendlyName="${name}"/></WRITER_METADATA>`,
        ] as const,
    ),
  ]);
}

/** A ZIP archive of texts in UTF-16, as Windows writes them, not packed. Source: PKWARE APPNOTE 4.3. */
function zipOf(documents: readonly (readonly [name: string, text: string])[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of documents) {
    const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, bytes]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, entry) => sum + entry.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
