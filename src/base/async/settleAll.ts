/** Waits for every call to end, then throws the first error, in the order of the list: nothing goes on behind it. */
export async function settleAll(calls: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
