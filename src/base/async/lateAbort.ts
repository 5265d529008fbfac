/**
 * Aborted some time after `signal`, for a call whose answer must not be missed once the server may have heard of it: what
 * it granted, and nobody knows of, would stay behind.
 * @param patienceMs  how long the answer is waited for when `signal` is aborted
 */
export function lateAbort(signal: AbortSignal, patienceMs: number): AbortSignal {
  if (signal.aborted) return signal;
  const late = new AbortController();
  const abort = () => late.abort(signal.reason);
  const wait = () => {
    AbortSignal.timeout(patienceMs).addEventListener('abort', abort, { once: true });
  };
  signal.addEventListener('abort', wait, { once: true });
  return late.signal;
}
