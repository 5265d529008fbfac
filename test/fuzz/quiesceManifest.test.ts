import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AppError } from '../../src/base/errors.ts';
import { readQuiesceManifest } from '../../src/core/consistency/proof/quiesceManifest.ts';
import { backupXml, freezeXml, sqlServerManifest, zipOf } from '../support/quiesceManifests.ts';
import { mutations } from './mutations.ts';

const numRuns = process.env['QUIESCE_PROOF'] === 'full' ? 20_000 : 1000;
const originals = [
  sqlServerManifest,
  zipOf({ 'backup.xml': backupXml, 'w.xml': backupXml }),
  new TextEncoder().encode(freezeXml()),
];

test('a damaged manifest is refused with a typed error, or read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...originals), mutations(1200), (original, mutate) => {
      try {
        const manifest = readQuiesceManifest(mutate(original));
        if (manifest.kind === 'vss') expect(manifest.writers.length).toBeLessThanOrEqual(1000);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect(['CORRUPT_DATA', 'UNSUPPORTED_FORMAT']).toContain((error as AppError).code);
      }
    }),
    { numRuns },
  );
});
