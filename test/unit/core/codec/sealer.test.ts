import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptDataError } from '../../../../src/base/errors.ts';
import { systemRandom } from '../../../../src/base/random.ts';
import { generateMasterKey, masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { openSealer, sealOverheadBytes } from '../../../../src/core/codec/sealer.ts';
import { pattern } from '../../../support/pattern.ts';

// Appendix B of "The Poly1305-AES message-authentication code", as key k, r, nonce n, message m and authenticator.
const vectors = [
  {
    r: '851fc40c3467ac0be05cc20404f3f700',
    k: 'ec074c835580741701425b623235add6',
    n: 'fb447350c4e868c52ac3275cf9d4327e',
    m: 'f3f6',
    mac: 'f4c633c3044fc145f84f335cb81953de',
  },
  {
    r: 'a0f3080000f46400d0c7e9076c834403',
    k: '75deaa25c09f208e1dc4ce6b5cad3fbf',
    n: '61ee09218d29b0aaed7e154a2c5509cc',
    m: '',
    mac: 'dd3fab2251f11ac759f0887129cc2ee7',
  },
  {
    r: '48443d0bb0d21109c89a100b5ce2c208',
    k: '6acb5f61a7176dd320c5c1eb2edcdc74',
    n: 'ae212a55399729595dea458bc621ff0e',
    m: '663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136',
    mac: '0ee1c16bb73f0f4fd19881753c01cdbe',
  },
];

test.each(vectors)('authenticates as the published vector for message "$m"', async ({ r, k, n, m, mac }) => {
  const sealer = await openSealer(masterKeyOf(hex('00'.repeat(32) + k + r)));
  const sealed = hex(n + m + mac);
  expect(sealer.unseal(sealed, 'vector')).toHaveLength(m.length / 2);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = sealed.slice();
    flipped[bit >> 3] = sealed[bit >> 3]! ^ (1 << (bit & 7));
    expect(() => sealer.unseal(flipped, 'vector'), `bit ${bit}`).toThrow(CorruptDataError);
  }
});

test('encrypts with AES-256 in counter mode', async () => {
  // NIST SP 800-38A, F.5.5: the first block.
  const key = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
  const sealer = await openSealer(masterKeyOf(new Uint8Array([...key, ...pattern(32)])));
  const random = { bytes: () => hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff') };
  const sealed = sealer.seal(hex('6bc1bee22e409f96e93d7e117393172a'), random);
  expect(Buffer.from(sealed.subarray(16, 32)).toString('hex')).toBe('601ec313775789a5b7a7f504bbf3d228');
});

test('gives back what it sealed, and never the same bytes twice', async () => {
  const sealer = await openSealer(generateMasterKey(systemRandom));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), plain => {
      const sealed = sealer.seal(plain, systemRandom);
      expect(sealed).toHaveLength(plain.length + sealOverheadBytes);
      expect(sealer.unseal(sealed, 'it')).toEqual(plain);
      expect(sealer.seal(plain, systemRandom)).not.toEqual(sealed);
    }),
  );
});

test('refuses what another key has sealed, and what is too short to be sealed', async () => {
  const [one, other] = await Promise.all([
    openSealer(generateMasterKey(systemRandom)),
    openSealer(generateMasterKey(systemRandom)),
  ]);
  expect(() => other.unseal(one.seal(pattern(100), systemRandom), 'pack 12')).toThrow(/^pack 12: /);
  for (let length = 0; length < sealOverheadBytes; length += 1)
    expect(() => one.unseal(pattern(length), 'stub')).toThrow(CorruptDataError);
});

function hex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
