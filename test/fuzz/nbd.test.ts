import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AppError } from '../../src/base/errors.ts';
import { NbdClient } from '../../src/core/disk/nbd/nbdClient.ts';
import { anySignal } from '../support/anySignal.ts';
import { ImpatientClock } from '../support/manualClock.ts';
import { pattern } from '../support/pattern.ts';
import {
  chunk,
  fields,
  handshakeAnswers,
  joined,
  ScriptedNbdServer,
  text,
} from '../support/scriptedNbdServer.ts';
import { mutations } from './mutations.ts';

const sizeBytes = 5000;

const answers = [
  ...handshakeAnswers(sizeBytes),
  joined(chunk(1, 5, 1, fields([4, 7], [4, 1000], [4, 0], [4, 3000], [4, 3], [4, 1000], [4, 0]))),
  joined(
    chunk(2, 2, 0, fields([8, 0], [4, 100])),
    chunk(2, 1, 0, fields([8, 100]), pattern(900, 100)),
    chunk(2, 0, 1),
  ),
  chunk(3, 0x8002, 1, fields([4, 5], [2, 6]), text('broken'), fields([8, 4000])),
];

test('a damaged answer of an NBD server is refused with a typed error or taken, and never waited for endlessly', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: answers.length - 1 }), mutations(60), async (index, mutate) => {
      const damaged = answers.map((answer, at) =>
        at === index && answer.byteLength > 0 ? mutate(answer) : answer,
      );
      const clock = new ImpatientClock();
      const options = {
        name: 'fuzz',
        exportName: '',
        clock,
        stallTimeoutMs: 1000,
        lastWords: async () => await Promise.resolve(''),
      };
      try {
        const client = await NbdClient.open(new ScriptedNbdServer(damaged), options, anySignal);
        expect(client.export.maxRequestBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
        for (const { startBytes, lengthBytes } of (await client.allocatedAreas(anySignal)) ?? [])
          expect(startBytes + lengthBytes).toBeLessThanOrEqual(client.export.sizeBytes);
        await client.read(0, new Uint8Array(1000), anySignal);
        await client.read(4000, new Uint8Array(1000), anySignal);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).code).not.toBe('INTERNAL');
      }
    }),
    { numRuns: 1000 },
  );
});
