/** For calls that are never cancelled. */
export const anySignal: AbortSignal = new AbortController().signal;
