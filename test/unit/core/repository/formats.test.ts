import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../../src/base/random.ts';
import { parseBlobId } from '../../../../src/core/codec/blobId.ts';
import { BlobCodec } from '../../../../src/core/codec/blobCodec.ts';
import { blobIdOf } from '../../../../src/core/codec/blobId.ts';
import { masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { openSealer } from '../../../../src/core/codec/sealer.ts';
import { goJson, goQuote, goTime, goUnquote } from '../../../../src/core/repository/internal/goJson.ts';
import { encodeIndex, parseIndex } from '../../../../src/core/repository/internal/indexFile.ts';
import { PackBuilder, readPackHeader } from '../../../../src/core/repository/internal/pack.ts';
import {
  isIrreducible,
  randomChunkerPolynomial,
} from '../../../../src/core/repository/internal/polynomial.ts';
import { encodeSnapshot, parseSnapshot } from '../../../../src/core/repository/internal/snapshotFile.ts';
import { encodeTree, parseTree } from '../../../../src/core/repository/internal/treeFile.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import type { Tree } from '../../../../src/core/repository/tree.ts';
import { pattern } from '../../../support/pattern.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

const id = (digit: string) => parseBlobId(digit.repeat(64), 'test');
const sealer = await openSealer(masterKeyOf(pattern(64)));

describe('JSON as Go writes it', () => {
  test.each([
    ['a<b>&c', '"a\\u003cb\\u003e\\u0026c"'],
    ['\u2028\u2029', '"\\u2028\\u2029"'],
    ['\b\f\n\r\t\u0000\u001f\u007f', '"\\u0008\\u000c\\n\\r\\t\\u0000\\u001f\u007f"'],
    ['back\\slash "quote"', '"back\\\\slash \\"quote\\""'],
    ['\\u003c stays text', '"\\\\u003c stays text"'],
    ['\ud800 alone', '"\\ufffd alone"'],
    ['\u{1F4BE} ü', '"\u{1F4BE} ü"'],
  ])('writes %j as %s', (text, expected) => {
    expect(goJson(text)).toBe(expected);
  });

  // What Go 1.19's strconv.Quote gives, without the outer quotes.
  test.each([
    ['plain name.txt', 'plain name.txt'],
    ['tab\there', 'tab\\there'],
    ['"quoted" \\ back', '\\"quoted\\" \\\\ back'],
    ['\u0007\b\f\n\r\v', '\\a\\b\\f\\n\\r\\v'],
    ['\u0001\u007f', '\\x01\\x7f'],
    ['\u00a0\u200b\u2028', '\\u00a0\\u200b\\u2028'],
    ['\u{e0001}', '\\U000e0001'],
    ['ü € 漢 \u{1F4BE}', 'ü € 漢 \u{1F4BE}'],
  ])('quotes %j as %s, and back', (text, expected) => {
    expect(goQuote(text)).toBe(expected);
    expect(goUnquote(expected)).toBe(text);
  });

  test('quoting loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(goUnquote(goQuote(text))).toBe(text);
      }),
    );
  });

  test.each(['\\', 'a"b', '\\q', '\\x1', '\\ud800', '\\U00110000', '\\400', 'line\nbreak', '\\x'])(
    'refuses %j as a quoted name',
    quoted => expect(goUnquote(quoted)).toBeUndefined(),
  );

  test('reads octal escapes and bytes that are not UTF-8', () => {
    expect(goUnquote('\\101\\x42\\xff')).toBe('AB\ufffd');
  });

  test.each([
    ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00Z'],
    ['2026-03-01T12:00:10.500Z', '2026-03-01T12:00:10.5Z'],
    ['2026-03-01T12:00:10.007Z', '2026-03-01T12:00:10.007Z'],
  ])('writes the time %s as %s', (iso, expected) => {
    expect(goTime(new Date(iso))).toBe(expected);
  });
});

describe('a tree', () => {
  const common = {
    mtime: '2026-03-01T12:00:00.5Z',
    atime: '2026-03-01T12:00:00Z',
    ctime: '2026-03-01T12:00:00Z',
  };
  const tree: Tree = {
    nodes: [
      { ...common, type: 'symlink', name: 'link', permissions: 0o777, uid: 1, gid: 2, linkTarget: '../a&b' },
      { ...common, type: 'dir', name: 'ü', permissions: 0o1755, uid: 0, gid: 0, subtree: id('b') },
      { ...common, type: 'dir', name: 'Z', permissions: 0o700, uid: 0, gid: 0, subtree: id('a') },
      {
        ...common,
        type: 'file',
        name: 'a"b',
        permissions: 0o4640,
        uid: 7,
        gid: 8,
        user: 'root',
        group: 'disk',
        sizeBytes: 12,
        content: [id('c'), id('d')],
      },
      { ...common, type: 'file', name: 'empty', permissions: 0, uid: 0, gid: 0, sizeBytes: 0, content: [] },
    ],
  };
  const times =
    '"mtime":"2026-03-01T12:00:00.5Z","atime":"2026-03-01T12:00:00Z","ctime":"2026-03-01T12:00:00Z"';
  const expected =
    '{"nodes":[' +
    [
      `{"name":"Z","type":"dir","mode":2147484096,${times},"uid":0,"gid":0,"content":null,"subtree":"${id('a')}"}`,
      `{"name":"a\\\\\\"b","type":"file","mode":8389024,${times},"uid":7,"gid":8,"user":"root","group":"disk","size":12,"links":1,"content":["${id('c')}","${id('d')}"]}`,
      `{"name":"empty","type":"file",${times},"uid":0,"gid":0,"links":1,"content":[]}`,
      `{"name":"link","type":"symlink","mode":134218239,${times},"uid":1,"gid":2,"links":1,"linktarget":"../a\\u0026b","content":null}`,
      `{"name":"ü","type":"dir","mode":2148532717,${times},"uid":0,"gid":0,"content":null,"subtree":"${id('b')}"}`,
    ].join(',') +
    ']}\n';

  test('is encoded byte for byte as the format wants it, in whatever order it is given', () => {
    expect(Buffer.from(encodeTree(tree)).toString()).toBe(expected);
    expect(encodeTree({ nodes: tree.nodes.toReversed() })).toEqual(encodeTree(tree));
  });

  test('is read as it was written', () => {
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(parseTree(Buffer.from(expected), 'tree').nodes.toSorted(byName)).toEqual(
      tree.nodes.toSorted(byName),
    );
  });

  test('of others is read with what this product does not store', () => {
    const pipe = `{"nodes":[{"name":"p","type":"fifo","mode":33554852,${times},"uid":0,"gid":0,"inode":18446744073709551615,"content":null}]}`;
    expect(parseTree(Buffer.from(pipe), 'tree').nodes).toEqual([
      { ...common, type: 'other', otherType: 'fifo', name: 'p', permissions: 0o644, uid: 0, gid: 0 },
    ]);
  });

  test.each(['{"nodes":null}', '{}', '{"nodes":[]}'])('without entries may be written %s', text => {
    expect(parseTree(Buffer.from(text), 'tree')).toEqual({ nodes: [] });
  });

  test.each([
    [`{"name":"f","type":"file",${times},"content":["${'g'.repeat(64)}"]}`, 'nodes[0].content'],
    [`{"name":"f","type":"file",${times},"size":-1}`, 'nodes[0].size'],
    [`{"name":"d","type":"dir",${times},"subtree":"abc"}`, 'nodes[0].subtree'],
    [`{"name":"a/b","type":"dir",${times}}`, 'nodes[0].name'],
    [`{"name":"f","type":"file","mtime":7}`, 'nodes[0].mtime'],
  ])('with the damaged entry %s is refused by name', (node, place) => {
    expect(() => parseTree(Buffer.from(`{"nodes":[${node}]}`), 'tree 1a')).toThrow(`tree 1a: ${place}`);
  });

  test.each([
    ['a slash', { name: 'a/b' }],
    ['no name', { name: '' }],
    ['a zero byte', { name: 'a\0' }],
    ['no time', { ctime: 'yesterday' }],
  ])('with %s is refused', (_what, wrong) => {
    const node = { ...tree.nodes[4]!, ...wrong };
    expect(() => encodeTree({ nodes: [node] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }) as Error,
    );
  });

  test('with a name used twice is refused', () => {
    const nodes = [tree.nodes[4]!, tree.nodes[4]!];
    expect(() => encodeTree({ nodes })).toThrow(/twice/);
  });
});

test('a snapshot is encoded byte for byte, and read as it was written', () => {
  const snapshot = {
    time: '2026-03-01T12:00:00.123456789+01:00',
    parent: id('e') as string as SnapshotId,
    tree: id('a'),
    paths: ['/vm'],
    hostname: 'vcenter',
    username: 'backup',
    tags: ['quiesce', 'name:<db>'],
    programVersion: 'quiesce 1',
  };
  const json =
    `{"time":"2026-03-01T12:00:00.123456789+01:00","parent":"${id('e')}","tree":"${id('a')}","paths":["/vm"],` +
    '"hostname":"vcenter","username":"backup","tags":["quiesce","name:\\u003cdb\\u003e"],"program_version":"quiesce 1"}';
  expect(encodeSnapshot(snapshot)).toBe(json);
  expect(parseSnapshot(Buffer.from(json), 'it')).toEqual(snapshot);
});

describe('a pack', () => {
  test('holds its blobs where its header says, and nothing else', () => {
    const seed = 5;
    const random = seededRandom(seed);
    const codec = new BlobCodec(sealer, 'auto', random);
    const contents = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 3000 }), {
      minLength: 1,
      maxLength: 20,
      selector: bytes => blobIdOf(bytes),
    });
    fc.assert(
      fc.property(contents, fc.constantFrom('data' as const, 'tree' as const), (plains, type) => {
        const builder = new PackBuilder(type, new Uint8Array(64));
        for (const plain of plains) builder.add(codec.seal({ id: blobIdOf(plain), plain }));
        const { packId, bytes, blobs } = builder.finish(sealer, random);
        expect(packId).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(readPackHeader(bytes, sealer, 'pack')).toEqual(blobs);
        const opened = blobs.map(blob => {
          const sealed = bytes.subarray(blob.offsetBytes, blob.offsetBytes + blob.lengthBytes);
          const compressed = blob.uncompressedLengthBytes !== undefined;
          const plainLengthBytes = blob.uncompressedLengthBytes ?? blob.lengthBytes - 32;
          return codec.unseal(sealed, { id: blob.id, compressed, plainLengthBytes });
        });
        expect(opened).toEqual(plains);
        expect(blobs.map(blob => blob.type)).toEqual(plains.map(() => type));
        expect([...parseIndex(Buffer.from(encodeIndex([{ packId, blobs }])), 'index')]).toEqual([
          { packId, blobs },
        ]);
      }),
      { seed },
    );
  });

  test('whose header leaves bytes undescribed is refused', () => {
    const random = seededRandom(6);
    const builder = new PackBuilder('data', new Uint8Array(0));
    builder.add(
      new BlobCodec(sealer, 'off', random).seal({ id: blobIdOf(pattern(100)), plain: pattern(100) }),
    );
    const { bytes } = builder.finish(sealer, random);
    expect(() => readPackHeader(Buffer.concat([Buffer.of(1), bytes]), sealer, 'pack')).toThrow(
      /its blobs end at/,
    );
  });
});

describe('the chunker polynomial', () => {
  // How many monic irreducible polynomials over GF(2) there are of each prime degree p: (2^p − 2) / p.
  test.each([
    [2, 1],
    [3, 2],
    [5, 6],
    [7, 18],
    [11, 186],
  ])('of degree %i: the test for irreducibility finds all %i', (degree, count) => {
    const all = Array.from({ length: 2 ** degree }, (_, low) => BigInt(2 ** degree + low));
    expect(all.filter(isIrreducible)).toHaveLength(count);
  });

  test('is a random one of degree 53', () => {
    expect(isIrreducible(0x3da3358b4dc173n)).toBe(true);
    const drawn = Array.from({ length: 5 }, () => BigInt(`0x${randomChunkerPolynomial(systemRandom)}`));
    expect(new Set(drawn).size).toBe(5);
    for (const polynomial of drawn) {
      expect(polynomial >> 53n).toBe(1n);
      expect(isIrreducible(polynomial)).toBe(true);
    }
  });
});
