import fc from 'fast-check';

import { systemClock } from '../../src/base/clock.ts';

/**
 * Every property of a test run draws from one seed: the same in each run of `npm test`, so that a change alone turns a
 * test red; a new one under `npm run proof`, which looks for what nobody has seen yet. QUIESCE_SEED repeats a run.
 */
const isProof = process.env['QUIESCE_PROOF'] === 'full';
const seed = Number(
  process.env['QUIESCE_SEED'] ?? (isProof ? systemClock.now().getTime() % 2 ** 31 : 20_261_125),
);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
if (isProof) console.log(`properties: seed ${seed}`);
