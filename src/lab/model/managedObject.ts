import type { MoRef } from '../../core/vsphere/schema/moRef.ts';

/** A value in plain form, as described in core/vsphere/schema/order.ts. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** A field that holds text; undefined if it is not set or holds something else. */
export function textIn(object: PlainObject | undefined, field: string): string | undefined {
  const value = object?.[field];
  return typeof value === 'string' ? value : undefined;
}

/** What the API can refer to and read properties of. */
export interface ManagedObject {
  readonly ref: MoRef;
  /**
   * Whether its properties change only when the registry is told that it, or anything, has changed. What others may
   * change without saying so, such as what a folder holds, is compared every time.
   */
  readonly tellsChanges?: boolean;
  /** The value now; undefined for a property that is not set. Only called with names the schema has for the type. */
  property(name: string): unknown;
}

/** An object whose properties are given once; a function is asked at every read. */
export function describedObject(ref: MoRef, properties: Readonly<Record<string, unknown>>): ManagedObject {
  return {
    ref,
    property: name => {
      const value = properties[name];
      return typeof value === 'function' ? (value as () => unknown)() : value;
    },
  };
}
