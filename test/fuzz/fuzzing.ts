/** How many damaged inputs each reader is shown, and how long that may take: a slice, or all of `npm run proof`. */
export function fuzzing(): { readonly runs: number; readonly timeoutMs: number } {
  const isProof = process.env['QUIESCE_PROOF'] === 'full';
  const runs = Number(process.env['QUIESCE_FUZZ_RUNS'] ?? (isProof ? 200_000 : 5000));
  return { runs, timeoutMs: Math.max(600_000, runs * 200) };
}
