import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { handshakeProof, isRightProof } from '../../../src/protocol/handshakeProof.ts';

const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Uint8Array.from(bytes));
const nonces = fc.record({ clientNonce: fc.base64String(), workerNonce: fc.base64String() });
const roles = fc.constantFrom('client' as const, 'worker' as const);

test('the proof is the HMAC that the documentation describes', async () => {
  await fc.assert(
    fc.asyncProperty(secrets, roles, nonces, async (secret, role, both) => {
      const text = `quiesce handshake\n${role}\n${both.clientNonce}\n${both.workerNonce}`;
      const expected = createHmac('sha256', secret).update(text).digest('base64');
      expect(await handshakeProof(secret, role, both)).toBe(expected);
      expect(await isRightProof(secret, role, both, expected)).toBe(true);
      const otherRole = role === 'client' ? 'worker' : 'client';
      expect(await isRightProof(secret, otherRole, both, expected)).toBe(false);
      expect(
        await isRightProof(
          secret.map(byte => byte ^ 1),
          role,
          both,
          expected,
        ),
      ).toBe(false);
    }),
  );
});

test.each(['', 'AAAA', 'not base64 !', 'ä'])('%j is a wrong proof, not an error', async proof => {
  const both = { clientNonce: 'AA==', workerNonce: 'AQ==' };
  expect(await isRightProof(new Uint8Array(32), 'client', both, proof)).toBe(false);
});
