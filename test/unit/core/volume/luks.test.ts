import { createCipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../../src/base/secret.ts';
import { readRange, type BlockSource } from '../../../../src/core/block/blockSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import type { GuestFileSystem } from '../../../../src/core/guestfs/guestFileSystem.ts';
import { openGuestVolume } from '../../../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import { readLuksHeader } from '../../../../src/core/volume/luks/decryptedVolumes.ts';
import { decryptedSource } from '../../../../src/core/volume/luks/decryptedSource.ts';
import { threadArgon2 } from '../../../../src/core/volume/luks/node/threadArgon2.ts';
import { openKeyslot } from '../../../../src/core/volume/luks/openKeyslot.ts';
import { sectorCipher } from '../../../../src/core/volume/luks/sectorCipher.ts';
import { VolumeKeys } from '../../../../src/core/volume/luks/volumeKeys.ts';
import { encryptedFiles, encryptedPassphrase } from '../../../images/encrypted.ts';
import { readImage } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

const argon2 = threadArgon2(
  new URL('../../../../src/core/volume/luks/node/argon2Thread.ts', import.meta.url),
);
const random = seededRandom(1);

describe.each(['luks1', 'luks2'])('an encrypted disk, %s', image => {
  const bytes = readImage(image);

  test('its files are read with the passphrase', async () => {
    const { volumes, problems } = await opened(bytes, keysOf('no', encryptedPassphrase));
    expect(problems).toEqual([]);
    expect(volumes.map(({ index, content }) => [index, content?.kind])).toEqual([
      [0, 'member'],
      [1001, 'ext'],
    ]);
    const fileSystem = await openGuestVolume(volumes[1]!, anySignal);
    for (const [path, content] of encryptedFiles) expect(await textOf(fileSystem, path)).toBe(content);
    await expect(openGuestVolume(volumes[0]!, anySignal)).rejects.toMatchObject({
      message: 'the volume holds LUKS encryption, opened below; its files cannot be read here',
    });
  });

  test('it stays closed with another, and nothing that is said holds a passphrase', async () => {
    const keys = keysOf('Grüße');
    const { volumes, problems } = await opened(bytes, keys);
    expect(problems).toEqual(['Volume 0 is encrypted, and no passphrase given opens it']);
    expect(volumes.map(({ content }) => content?.kind)).toEqual(['luks']);
    expect(`${inspect(keys, { depth: 9, showHidden: true })} ${JSON.stringify(keys)}`).not.toContain('Grüße');
    expect(keys.hasOpened(new Secret('Grüße'))).toBe(false);
  });

  test('its key is derived once for all restore points', async () => {
    let derivations = 0;
    const counting = new VolumeKeys(async (...args) => {
      derivations += 1;
      return await argon2(...args);
    });
    counting.add(new Secret('wrong'));
    counting.add(new Secret(encryptedPassphrase));
    for (let point = 0; point < 3; point += 1)
      expect((await opened(bytes, counting)).volumes).toHaveLength(2);
    expect(derivations).toBe(image === 'luks2' ? 2 : 0);
    counting.remove(new Secret(encryptedPassphrase));
    expect((await opened(bytes, counting)).volumes).toHaveLength(2);
  });

  test('reads at any place are what one read of all gives', async () => {
    const volume = (await opened(bytes, keysOf(encryptedPassphrase))).volumes[1]!;
    const all = await readRange(volume.source, 0, volume.sizeBytes, anySignal);
    for (let round = 0; round < 50; round += 1) {
      const from = below(volume.sizeBytes);
      const lengthBytes = below(volume.sizeBytes - from);
      const found = await readRange(volume.source, from, lengthBytes, anySignal);
      expect(Buffer.compare(found, all.subarray(from, from + lengthBytes))).toBe(0);
    }
  });

  test('a source that ends too early, and one that has lost its header, are refused', async () => {
    for (const keptBytes of [1100, 5000, 20_000, 200_000]) {
      const { volumes, problems } = await opened(bytes.slice(0, keptBytes), keysOf(encryptedPassphrase));
      expect(volumes.filter(({ index }) => index > 1000)).toEqual([]);
      expect(problems).toHaveLength(1);
    }
  });
});

test('what is left of an encrypted disk is not taken for one that was partitioned since', async () => {
  const bytes = readImage('luks2');
  const listing = async () => await listVolumes(memorySource(bytes), anySignal);
  bytes.fill(0, 0, 512);
  expect((await listing()).volumes.map(({ content }) => content?.kind)).toEqual(['luks']);
  const table = new DataView(bytes.buffer);
  table.setUint8(446 + 4, 0x83);
  table.setUint32(446 + 8, 2048, true);
  table.setUint32(446 + 12, 1024, true);
  table.setUint16(510, 0xaa55, true);
  const { scheme, volumes } = await listing();
  expect([scheme, volumes.map(({ index }) => index)]).toEqual(['mbr', [1]]);
});

test('waiting for a key is given up at once', async () => {
  const source = memorySource(readImage('luks2'));
  const header = await readLuksHeader(source, anySignal);
  const keyslots = header.keyslots.map(keyslot => ({
    ...keyslot,
    derivation: { ...keyslot.derivation, passes: 1000, memoryKiB: 256 * 1024 },
  }));
  const controller = new AbortController();
  const opening = openKeyslot(
    source,
    { ...header, keyslots },
    new Secret(encryptedPassphrase),
    argon2,
    controller.signal,
  );
  controller.abort();
  await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
});

test.each([
  ['memory', { memoryKiB: 2 * 1024 * 1024 }],
  ['time', { passes: 2 ** 31, memoryKiB: 1024 }],
  ['threads', { lanes: 1000 }],
])('a header that asks for too much %s is refused before anything is derived', async (_, asked) => {
  const source = memorySource(readImage('luks2'));
  const header = await readLuksHeader(source, anySignal);
  const keyslots = header.keyslots.map(keyslot => ({
    ...keyslot,
    derivation: { ...keyslot.derivation, ...asked },
  }));
  const never = async () => await Promise.reject(new Error('derived all the same'));
  await expect(
    openKeyslot(source, { ...header, keyslots }, new Secret('x'), never, anySignal),
  ).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: expect.stringContaining('memory') as string,
  });
});

test.each([
  [256, 512],
  [256, 4096],
  [128, 512],
])('XTS with keys of %i bits and sectors of %i bytes is what OpenSSL encrypts', (bits, sectorBytes) => {
  const key = random.bytes((2 * bits) / 8);
  const cipher = sectorCipher('aes-xts-plain64', key, sectorBytes);
  for (const firstSector of [0, 8, 2 ** 32 + 8]) {
    const plain = random.bytes(sectorBytes * 3);
    const encrypted = Buffer.alloc(plain.byteLength);
    for (let sector = 0; sector < 3; sector += 1) {
      const iv = Buffer.alloc(16);
      iv.writeBigUInt64LE(BigInt(firstSector + (sector * sectorBytes) / 512));
      const at = sector * sectorBytes;
      createCipheriv(`aes-${bits}-xts`, key, iv)
        .update(plain.subarray(at, at + sectorBytes))
        .copy(encrypted, at);
    }
    cipher.decrypt(firstSector, encrypted);
    expect(Buffer.compare(encrypted, plain)).toBe(0);
  }
});

test.each([
  'serpent-xts-plain64',
  'aes-lrw-benbi',
  'aes-xts-essiv:sha256',
  'aes-cbc-essiv:md5',
  'cipher_null-ecb',
])('a cipher that is not read is refused by its name: %s', name => {
  expect(() => sectorCipher(name, new Uint8Array(32), 512)).toThrow(name);
});

test('bytes are told apart by their place and their key, and equal where nothing has changed', async () => {
  const fingerprinted: BlockSource = {
    ...memorySource(new Uint8Array(8192)),
    fingerprint: async (offsetBytes, lengthBytes) => await Promise.resolve(`${offsetBytes}+${lengthBytes}`),
  };
  const payload = {
    ...{ offsetBytes: 1024, sizeBytes: undefined, cipher: 'aes-xts-plain64' },
    ...{ sectorBytes: 512, firstSector: 0 },
  };
  const one = decryptedSource(fingerprinted, payload, new Uint8Array(64), 'one');
  const other = decryptedSource(fingerprinted, payload, new Uint8Array(64), 'other');
  const of = async (source: BlockSource, offsetBytes: number) =>
    await source.fingerprint?.(offsetBytes, 100, anySignal);
  expect(await of(one, 700)).toBe(await of(one, 700));
  expect(new Set([await of(one, 700), await of(one, 701), await of(other, 700)]).size).toBe(3);
});

function below(limit: number): number {
  return new DataView(random.bytes(4).buffer).getUint32(0) % limit;
}

function keysOf(...passphrases: readonly string[]): VolumeKeys {
  const keys = new VolumeKeys(argon2);
  for (const text of passphrases) keys.add(new Secret(text));
  return keys;
}

async function opened(bytes: Uint8Array, keys: VolumeKeys) {
  const listing = await listVolumes(memorySource(bytes), anySignal);
  const [assembled] = await assembleVolumes([listing], anySignal, keys);
  return assembled!;
}

async function textOf(fileSystem: GuestFileSystem, path: string): Promise<string> {
  const node = await fileSystem.lookup(path, anySignal);
  const pieces: Uint8Array[] = [];
  for await (const piece of fileSystem.readFile(node, { offsetBytes: 0 }, anySignal)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
