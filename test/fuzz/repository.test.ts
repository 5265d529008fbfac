import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { BlobCodec } from '../../src/core/codec/blobCodec.ts';
import { blobIdOf } from '../../src/core/codec/blobId.ts';
import { decodeMasterKey, encodeMasterKey, masterKeyOf } from '../../src/core/codec/masterKey.ts';
import { openSealer } from '../../src/core/codec/sealer.ts';
import type { AuditEntryId } from '../../src/core/repository/audit.ts';
import { parseAuditEntry } from '../../src/core/repository/internal/auditLog.ts';
import { encodeConfig, parseConfig } from '../../src/core/repository/internal/configFile.ts';
import { encodeIndex, parseIndex } from '../../src/core/repository/internal/indexFile.ts';
import { encodeKeyFile, parseKeyFile } from '../../src/core/repository/internal/keyFile.ts';
import { sealLock, unsealLock } from '../../src/core/repository/internal/lockFile.ts';
import { PackBuilder, readPackHeader } from '../../src/core/repository/internal/pack.ts';
import { encodeSnapshot, parseSnapshot } from '../../src/core/repository/internal/snapshotFile.ts';
import { encodeTree, parseTree } from '../../src/core/repository/internal/treeFile.ts';
import { sealJson, unsealJson } from '../../src/core/repository/internal/unpacked.ts';
import { pattern } from '../support/pattern.ts';
import { nodeMetadata, testHost, testPassword } from '../support/repositories.ts';
import { seededRandom } from '../support/seededRandom.ts';

// Every parser gets the true plain text of a file, mutated, and sealed again where the format seals it: behind the
// authentication too, whoever has the key may have written anything. It answers, or refuses with a typed error.

const seed = Number(process.env['FUZZ_SEED'] ?? 20260301);
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2000);

const random = seededRandom(seed);
const key = masterKeyOf(pattern(64));
const sealer = await openSealer(key);
const id = blobIdOf(pattern(10));
const time = '2026-03-01T12:00:00Z';
const now = new Date(time);

const tree = encodeTree({
  nodes: [
    { ...nodeMetadata, type: 'file', name: 'a "quoted" name\n', sizeBytes: 5, content: [id, id] },
    { ...nodeMetadata, type: 'dir', name: 'folder', subtree: id },
    { ...nodeMetadata, type: 'symlink', name: 'link', linkTarget: '/target' },
  ],
});
const snapshot = encodeSnapshot({
  time,
  tree: id,
  paths: ['/vm'],
  hostname: 'h',
  username: 'u',
  tags: ['t'],
});
const index = encodeIndex([
  {
    packId: id,
    blobs: [{ type: 'data', id, offsetBytes: 0, lengthBytes: 99, uncompressedLengthBytes: 200 }],
  },
]);
const auditEntry = JSON.stringify({
  ...{ version: 1, time, username: 'u', hostname: 'h' },
  ...{ action: 'forget', subject: 'web01', ids: [id] },
});
const keyFile = await encodeKeyFile(
  key,
  testPassword,
  { blocks: 2, blockSize: 1, parallel: 1 },
  { host: testHost, random, created: now },
);
const lock = sealer.unseal(
  sealLock({ exclusive: true, vmId: 'vm-1' }, now, testHost, sealer, random),
  'lock',
);
const pack = packOfThree();
const header = sealer.unseal(pack.subarray(pack.length - 4 - headerBytesOf(pack), -4), 'header');
const unpacked = sealer.unseal(await sealJson(index, sealer, random), 'index');

const parsers: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ['tree', tree, bytes => parseTree(bytes, 'tree')],
  ['snapshot', Buffer.from(snapshot), bytes => parseSnapshot(bytes, 'snapshot')],
  ['index', Buffer.from(index), bytes => [...parseIndex(bytes, 'index')]],
  ['key file', keyFile, bytes => parseKeyFile(bytes, 'key')],
  ['master key', encodeMasterKey(key), bytes => decodeMasterKey(bytes)],
  [
    'audit entry',
    Buffer.from(auditEntry),
    bytes => parseAuditEntry(bytes, id as string as AuditEntryId, 'audit'),
  ],
  ['config', Buffer.from(encodeConfig(random)), bytes => parseConfig(bytes, 'here')],
  ['pack', pack, bytes => readPackHeader(bytes, sealer, 'pack')],
  ['pack header', header, bytes => readPackHeader(withHeader(bytes), sealer, 'pack')],
  ['lock', lock, async bytes => await unsealLock(sealer.seal(bytes, random), 'l', now, testHost, sealer)],
  [
    'compressed file',
    unpacked,
    async bytes => await unsealJson(sealer.seal(bytes, random), sealer, 10_000, 'f'),
  ],
];

test.each(parsers)('%s: mutated bytes are read or refused', async (name, good, parse) => {
  await parse(good);
  let read = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(mutationsOf(good), async bytes => {
      try {
        await parse(bytes);
        read += 1;
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
        refused += 1;
      }
    }),
    { seed, numRuns },
  );
  console.log(`${name}: seed ${seed}, ${read} read, ${refused} refused`);
  expect(refused).toBeGreaterThan(numRuns / 10);
});

test('a small frame does not grow beyond what is allowed', async () => {
  const bomb = await sealJson(JSON.stringify({ packs: 'x'.repeat(50_000_000) }), sealer, random);
  expect(bomb.length).toBeLessThan(10_000);
  await expect(unsealJson(bomb, sealer, 1_000_000, 'bomb')).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

/** Bytes changed, cut out, doubled or put in; and texts of JSON exchanged for others of another type. */
function mutationsOf(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(good.length - 1);
  const flips = fc.array(fc.tuple(at, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
  const flipped = flips.map(changes => {
    const bytes = Uint8Array.from(good);
    for (const [offset, mask] of changes) bytes[offset] = bytes[offset]! ^ mask;
    return bytes;
  });
  const cut = fc
    .tuple(at, at)
    .map(([a, b]) => spliced(good, Math.min(a, b), Math.max(a, b), new Uint8Array(0)));
  const filled = fc
    .tuple(at, at, fc.uint8Array({ maxLength: 40 }))
    .map(([a, b, put]) => spliced(good, Math.min(a, b), Math.max(a, b), put));
  const tokens = ['null', '[]', '{}', '-1', '1e999', '""', 'true', '"__proto__"', '[[[[', '4294967296'];
  const retyped = fc.tuple(fc.nat(50), fc.constantFrom(...tokens)).map(([which, token]) => {
    const values = [
      ...Buffer.from(good)
        .toString('latin1')
        .matchAll(/"[^"]*"|\d+|null|true|false/g),
    ];
    const value = values[which % Math.max(values.length, 1)];
    if (value === undefined) return good;
    return spliced(good, value.index, value.index + value[0].length, Buffer.from(token));
  });
  return fc.oneof(flipped, cut, filled, retyped);
}

function spliced(bytes: Uint8Array, start: number, end: number, put: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(end)]));
}

function packOfThree(): Uint8Array {
  const builder = new PackBuilder('data', new Uint8Array(0));
  const codec = new BlobCodec(sealer, 'auto', random);
  for (const plain of [pattern(500), pattern(40, 3), random.bytes(60)])
    builder.add(codec.seal({ id: blobIdOf(plain), plain }));
  return builder.finish(sealer, random).bytes;
}

function headerBytesOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
}

/** The pack with another header, properly sealed. */
function withHeader(plain: Uint8Array): Uint8Array {
  const sealed = sealer.seal(plain, random);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sealed.length);
  return Buffer.concat([pack.subarray(0, pack.length - 4 - headerBytesOf(pack)), sealed, length]);
}
