/** How many damaged images a reader is shown: some on a developer's machine, more in CI, most under `npm run proof`. */
const usualRuns =
  process.env['QUIESCE_PROOF'] === 'full' ? 200_000 : process.env['CI'] === 'true' ? 5000 : 1000;

const fuzzRuns = Number(process.env['QUIESCE_FUZZ_RUNS'] ?? usualRuns);
/** Those before it were seen in an earlier run with the same seed: a long proof can be done in parts. */
const firstRun = Number(process.env['QUIESCE_FUZZ_FIRST'] ?? 0);
/** Only a hang ends here. */
export const fuzzTimeoutMs = Math.max(600_000, fuzzRuns * 200);

/** Which runs fall to one of several images that a reader is shown. */
export function fuzzShare(imageCount: number): { readonly numRuns: number; readonly path?: string } {
  const numRuns = Math.ceil(fuzzRuns / imageCount);
  const first = Math.ceil(firstRun / imageCount);
  return first === 0 ? { numRuns } : { numRuns, path: String(first) };
}
