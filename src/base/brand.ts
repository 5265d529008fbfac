declare const brand: unique symbol;

/** A string or number that only its own constructor function may produce: ids do not mix. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
