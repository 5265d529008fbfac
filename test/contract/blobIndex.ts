import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/base/random.ts';
import { parseBlobId, type BlobId } from '../../src/core/codec/blobId.ts';
import type { BlobLocation, BlobType, PackedBlob, PackOfFile } from '../../src/core/repository/blobIndex.ts';
import { recordsOf } from '../../src/core/repository/blobRecord.ts';
import type { LayeredBlobIndex } from '../../src/core/repository/layeredBlobIndex.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import '../support/propertySeed.ts';

/** What one index file says. */
export type FileContent = readonly { readonly packId: string; readonly blobs: readonly PackedBlob[] }[];

/** Every place of every blob, in the plainest way. */
export class IndexModel {
  readonly #places = new Map<string, { readonly fileId: string; readonly location: BlobLocation }[]>();
  readonly #packs: { readonly fileId: string; readonly packId: string }[] = [];
  readonly files = new Set<string>();

  addFile(fileId: string, packs: FileContent): void {
    if (this.files.has(fileId)) return;
    this.files.add(fileId);
    for (const { packId, blobs } of packs) {
      this.#packs.push({ fileId, packId });
      for (const { type, id, ...rest } of blobs) {
        const key = `${type} ${id}`;
        const places = this.#places.get(key) ?? [];
        const isKnown = places.some(place => place.fileId === fileId && place.location.packId === packId);
        if (!isKnown) this.#places.set(key, [...places, { fileId, location: { packId, ...rest } }]);
      }
    }
  }

  keepOnly(fileIds: ReadonlySet<string>): void {
    for (const fileId of this.files) if (!fileIds.has(fileId)) this.files.delete(fileId);
    for (const [key, places] of this.#places)
      this.#places.set(
        key,
        places.filter(({ fileId }) => fileIds.has(fileId)),
      );
  }

  placesOf(type: BlobType, id: BlobId): readonly BlobLocation[] {
    return (this.#places.get(`${type} ${id}`) ?? []).map(({ location }) => location);
  }

  get packIds(): Set<string> {
    return new Set(this.#packs.filter(({ fileId }) => this.files.has(fileId)).map(({ packId }) => packId));
  }

  /** Everything that was ever added. */
  get blobs(): { readonly type: BlobType; readonly id: BlobId }[] {
    return [...this.#places.keys()].map(key => {
      const [type, id] = key.split(' ') as [BlobType, BlobId];
      return { type, id };
    });
  }
}

export async function addFile(index: LayeredBlobIndex, fileId: string, packs: FileContent): Promise<void> {
  await index.addFile(fileId, packs.map(packOfFile), signal);
}

/** Holds every blob that was ever added, and some that never were, against the model. */
export async function expectSame(index: LayeredBlobIndex, model: IndexModel): Promise<void> {
  expect(index.fileIds).toEqual(model.files);
  for (const { type, id } of model.blobs) await expectPlace(index, model, type, id);
  for (let number = 0; number < 20; number += 1) {
    for (const type of ['data', 'tree'] as const) await expectPlace(index, model, type, idOf(number, 1, 255));
  }
  expect(new Set(await collect(index.packIds(signal)))).toEqual(model.packIds);
}

async function expectPlace(
  index: LayeredBlobIndex,
  model: IndexModel,
  type: BlobType,
  id: BlobId,
): Promise<void> {
  const places = model.placesOf(type, id);
  const found = await index.lookup(type, id, signal);
  if (places.length === 0) expect(found).toBeUndefined();
  else expect(places).toContainEqual(found);
}

/** Ids whose first bytes are few, so that collisions are the rule; or spread as real ones are. */
export function idOf(first: number, second: number, last: number): BlobId {
  const bytes = new Uint8Array(32).fill(second);
  bytes[0] = first;
  bytes[31] = last;
  return parseBlobId(toHex(bytes), 'test');
}

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const blob: fc.Arbitrary<PackedBlob> = fc
  .record({
    type: fc.constantFrom('data' as const, 'tree' as const),
    id: fc.oneof(
      fc.tuple(fc.nat(3), fc.nat(1), fc.nat(60)).map(([first, second, last]) => idOf(first, second, last)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => parseBlobId(toHex(bytes), 'test')),
    ),
    offsetBytes: u32,
    lengthBytes: u32,
    plain: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
  })
  .map(({ plain, ...place }) => (plain === null ? place : { ...place, uncompressedLengthBytes: plain }));
const packId = fc.constantFrom(
  ...Array.from({ length: 12 }, (_, n) => String.fromCharCode(97 + (n % 6), 48 + n).repeat(32)).map(text =>
    Buffer.from(text).toString('hex').slice(0, 64),
  ),
);
export const fileContent: fc.Arbitrary<FileContent> = fc.array(
  fc.record({ packId, blobs: fc.array(blob, { maxLength: 40 }) }),
  { maxLength: 4 },
);
const fileIds = Array.from({ length: 8 }, (_, number) => String(number + 1).repeat(64));

/** What happens to an index of files. */
type Step =
  | { readonly kind: 'add'; readonly file: number }
  | { readonly kind: 'keep'; readonly files: readonly number[] }
  | { readonly kind: 'settle' }
  | { readonly kind: 'reopen' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.nat(7).map(file => ({ kind: 'add' as const, file })) },
  {
    weight: 2,
    arbitrary: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]).map(files => ({ kind: 'keep' as const, files })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

export interface IndexesUnderTest {
  /** A new one, or what is left of the one before. */
  readonly open: () => Promise<LayeredBlobIndex>;
  /** What is not kept has to be added again. */
  readonly isKept: boolean;
}

/** What every index of blobs does. @param create  a place of its own for each index */
export function blobIndexContract(name: string, create: () => IndexesUnderTest): void {
  describe(`an index of blobs: ${name}`, () => {
    test('answers as a plain map would, whatever is added, taken out, put in order and opened again', async () => {
      const contents = fc.array(fileContent, { minLength: 8, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(contents, fc.array(step, { maxLength: 30 }), async (files, steps) => {
          const { open, isKept } = create();
          let index = await open();
          const model = new IndexModel();
          for (const next of steps) {
            if (next.kind === 'add') {
              await addFile(index, fileIds[next.file]!, files[next.file]!);
              model.addFile(fileIds[next.file]!, files[next.file]!);
            } else if (next.kind === 'keep') {
              const kept = new Set(next.files.map(file => fileIds[file]!));
              await index.keepOnly(kept, signal);
              model.keepOnly(kept);
            } else if (next.kind === 'settle') await index.settle(signal);
            else if (isKept) {
              await index[Symbol.asyncDispose]();
              index = await open();
              // What was not on disk yet is read from its index file again, what had gone is taken out again.
              for (const [number, content] of files.entries())
                if (model.files.has(fileIds[number]!)) await addFile(index, fileIds[number]!, content);
              await index.keepOnly(model.files, signal);
            }
          }
          await expectSame(index, model);
          await index[Symbol.asyncDispose]();
        }),
      );
    });

    test('finds what was added without a file, and keeps the first place in a pack', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fileContent, { maxLength: 5 }), async rounds => {
          await using index = await create().open();
          const model = new IndexModel();
          for (const { packId: pack, blobs } of rounds.flat()) await index.add(pack, blobs, signal);
          model.addFile('none', rounds.flat());
          model.files.delete('none');
          for (const { type, id } of model.blobs) {
            const found = await index.lookup(type, id, signal);
            expect(model.placesOf(type, id)).toContainEqual(found);
            expect(await index.lookup(type, id, signal)).toEqual(found);
          }
        }),
      );
    });

    test('finds nothing of a file that could not be read to its end, until it could', async () => {
      await using index = await create().open();
      const blobs = Array.from({ length: 50 }, (_, number) => ({
        ...{ type: 'data' as const, id: idOf(number, 0, 0), offsetBytes: number, lengthBytes: 40 },
      }));
      const pack = { packId: 'a'.repeat(64), blobs };
      function* broken(): Generator<PackOfFile> {
        yield packOfFile(pack);
        throw new Error('damaged here');
      }
      await expect(index.addFile(fileIds[0]!, broken(), signal)).rejects.toThrow('damaged here');
      expect(index.fileIds).toEqual(new Set());
      expect(await index.lookup('data', idOf(1, 0, 0), signal)).toBeUndefined();
      await addFile(index, fileIds[0]!, [pack]);
      expect(await index.lookup('data', idOf(1, 0, 0), signal)).toMatchObject({ offsetBytes: 1 });
    });

    test('looks nothing up for a cancelled caller', async () => {
      await using index = await create().open();
      await expect(index.lookup('data', idOf(1, 0, 0), AbortSignal.abort())).rejects.toMatchObject({
        code: 'CANCELLED',
      });
    });
  });
}

function packOfFile({ packId, blobs }: FileContent[number]): PackOfFile {
  return { packId, records: recordsOf(blobs) };
}
