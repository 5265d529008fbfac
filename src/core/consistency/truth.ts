/** What a rule finds: undefined is "not known". */
export type Truth = boolean | undefined;

/** One "no" settles it, whatever is not known beside it. */
export function all(...truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

/** One "yes" settles it, whatever is not known beside it. */
export function any(...truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}

export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

/** A test of a fact that may not be known. */
export function known<T>(fact: T | undefined, test: (fact: T) => boolean): Truth {
  return fact === undefined ? undefined : test(fact);
}
