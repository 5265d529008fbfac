/**
 * Does something with every item at the same time. The first that fails ends the others by their signal; all have ended
 * before its error is thrown. The results are in the order of the items.
 */
export async function allOrNone<Item, Result>(
  signal: AbortSignal,
  items: readonly Item[],
  work: (item: Item, both: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  const results = await Promise.allSettled(
    items.map(async item => {
      try {
        return await work(item, both);
      } catch (error) {
        first ??= { error };
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (first !== undefined) throw first.error;
  return results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
}
