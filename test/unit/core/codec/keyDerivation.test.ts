import { expect, test } from 'vitest';
import { Secret } from '../../../../src/base/secret.ts';
import { deriveKey } from '../../../../src/core/codec/keyDerivation.ts';
import { decodeMasterKey, encodeMasterKey, masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { pattern } from '../../../support/pattern.ts';

test('derives as RFC 7914 does', async () => {
  const cost = { blocks: 16384, blockSize: 8, parallel: 1 };
  const key = await deriveKey(new Secret('pleaseletmein'), Buffer.from('SodiumChloride'), cost);
  expect([key.encrypt, key.macK, key.macR].map(bytes => Buffer.from(bytes).toString('hex'))).toEqual([
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
    'd5432955613f0fcf62d49705242a9af9',
    'e61e85dc0d651e40dfcf017b45575887',
  ]);
});

test.each([
  ['no power of two', { blocks: 1000, blockSize: 8, parallel: 1 }],
  ['one block', { blocks: 1, blockSize: 8, parallel: 1 }],
  ['zero', { blocks: 0, blockSize: 8, parallel: 1 }],
  ['a fraction', { blocks: 2 ** 15, blockSize: 8.5, parallel: 1 }],
  ['negative', { blocks: 2 ** 15, blockSize: 8, parallel: -1 }],
  ['not a number', { blocks: Number.NaN, blockSize: 8, parallel: 1 }],
  ['4 GiB of memory', { blocks: 2 ** 22, blockSize: 8, parallel: 1 }],
  ['memory by block size', { blocks: 2, blockSize: 2 ** 29, parallel: 1 }],
  ['a day of work', { blocks: 2 ** 15, blockSize: 8, parallel: 2 ** 15 }],
])('refuses a cost of %s', async (_name, cost) => {
  await expect(deriveKey(new Secret('x'), pattern(64), cost)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

test('a master key survives its JSON, and a damaged one is refused without being quoted', () => {
  const key = masterKeyOf(pattern(64));
  const json = encodeMasterKey(key);
  expect(decodeMasterKey(json)).toEqual(key);
  const secret = Buffer.from(key.encrypt).toString('base64');
  for (const damaged of ['', '[]', 'null', '{"mac":null}', `{"encrypt":"${secret}"}`, `"${secret}`]) {
    const failure = failureOf(() => decodeMasterKey(Buffer.from(damaged)));
    expect(failure).toMatchObject({ code: 'CORRUPT_DATA' });
    expect(JSON.stringify([failure.message, failure.cause])).not.toContain(secret);
  }
});

function failureOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}
