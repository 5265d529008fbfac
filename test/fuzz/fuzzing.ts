/** How many damaged images a reader is shown: some on a developer's machine, more in CI, most under `npm run proof`. */
const usualRuns =
  process.env['QUIESCE_PROOF'] === 'full' ? 200_000 : process.env['CI'] === 'true' ? 5000 : 1000;

export const fuzzRuns = Number(process.env['QUIESCE_FUZZ_RUNS'] ?? usualRuns);
/** Only a hang ends here. */
export const fuzzTimeoutMs = Math.max(600_000, fuzzRuns * 200);
