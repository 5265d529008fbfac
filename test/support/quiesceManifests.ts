import { crc32, deflateRawSync } from 'node:zlib';

/**
 * A manifest as Windows leaves it, with `backup.xml` and the document of one writer in UTF-16. Made with Python's
 * zipfile, so that it is not only our own writer that our reader reads.
 */
export const sqlServerManifest: Uint8Array = Buffer.from(
  [
    'UEsDBBQAAAAIAABgeV3n5DsZDAEAABoCAAAKAAAAYmFja3VwLnhtbI2R3U7CQBCFv0cheL2iRYwYhNRSE2MQ4++l',
    'qVCkQQqxKCTGVxfPLBjjRRMzaWd2ZvecMzPrrxYdVkx5ocI7Ka8UZMzIOaHKPrvsyVdUyRkoP1Q159lX31gwwunW',
    'oU4d2rQ4JSTigjuueFTUp6eozyWxvltuhLXhy8VkKCshFMIei2NKwjE73CtT6PVMmblXY/wLYaX6J1KReF8tVR3I',
    'm54HrjkXbyxfpifzWgzPekx1f+hxPoT015xwN+aob81xsDVHo8Q+vdKldGbiMb0/HKFm1+BM3qK6x4gVH3ncWPOM',
    'FDXpKuoqCrWPSBU7B3rRlKpAWcN/UgcDJtrLXH39TtR4bIs1P5HaP3bU5htQSwMEFAAAAAgAAGB5XTkWlkY2AQAA',
    'eAIAAAsAAAB3cml0ZXIwLnhtbIWSW0vDQBCFz08J8Tm2TS9YqS1JrRC0KqbqowSTaMFGbFqtiH9d/XZTIYgiw2Zm',
    '53bOzObzY6CRNlroQY6elWmpUnM9qtCBXLW0qybaIVLoFn9KtNCdja61Ui6PrB63kYYa6FoXijTTBH2jKXqmQIcc',
    'o50tVgGK6bChuqTvPf0XSrSvHV3hKemzBGllGU35roimHKMj6nO4uH9ybqENmwjkiU7BjnTEGVsekc7wOXqpYUR0',
    'N9VvZPTUJTuwVhuGXXoE2sPqYIV08dSnc8jxiDTxdOzdp6IPuo/33fKb21kNa7O/rIbj/xCvZrW3YhArMSx+lwon',
    't7OYV0rZ7yvzJWw0s1ixnvDFds5qX/Xtmuo1HBNetcq/JLd6v+93c9Ww+wyxxzom45zoCXusbzTeZjX++QuG+gJQ',
    'SwECFAMUAAAACAAAYHld5+Q7GQwBAAAaAgAACgAAAAAAAAAAAAAAgAEAAAAAYmFja3VwLnhtbFBLAQIUAxQAAAAI',
    'AABgeV05FpZGNgEAAHgCAAALAAAAAAAAAAAAAACAATQBAAB3cml0ZXIwLnhtbFBLBQYAAAAAAgACAHEAAACTAgAA',
    'AAA=',
  ].join(''),
  'base64',
);

export const backupXml =
  '<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata"><WRITER_COMPONENTS writerId="a65faa63-5ea8-4ebc-9dbd-a0c4db26912a"/></BACKUP_COMPONENTS>';

export function freezeXml(provider = 'fifreeze'): string {
  return `<?xml version="1.0"?><quiesceManifest><productVersion>12.3.0</productVersion><providerName>${provider}</providerName></quiesceManifest>`;
}

/** A small ZIP archive; `change` may falsify fields of an entry. */
export function zipOf(
  documents: Readonly<Record<string, string | Uint8Array>>,
  change: { readonly flags?: number; readonly method?: number; readonly sizeBytes?: number } = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(documents)) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(change.flags ?? 0, 2);
    common.writeUInt16LE(change.method ?? 8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.byteLength, 14);
    common.writeUInt32LE(change.sizeBytes ?? bytes.byteLength, 18);
    common.writeUInt16LE(nameBytes.byteLength, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const entry = [Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, nameBytes];
    directory.push(Buffer.concat(entry));
    parts.push(local);
    offset += local.byteLength;
  }
  const size = directory.reduce((sum, entry) => sum + entry.byteLength, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
