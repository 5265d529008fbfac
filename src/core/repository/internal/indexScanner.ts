import type { PackOfFile } from '../blobIndex.ts';
import { recordsOf } from '../blobRecord.ts';
import { parseIndex } from './indexFile.ts';

export function* scanIndex(text: Uint8Array, what: string): Generator<PackOfFile, void, undefined> {
  for (const { packId, blobs } of parseIndex(text, what)) yield { packId, records: recordsOf(blobs) };
}
