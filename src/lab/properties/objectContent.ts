import { isManagedSubtype, isManagedType, isPathIn } from '../../core/vsphere/schema/schema.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { TypedValue } from '../soap/encodeResponse.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { readAll, readPath } from './propertyPath.ts';
import type { PropertySpec } from './selection.ts';

/** An object that was selected, and what is asked of it. */
export interface FoundObject {
  readonly object: ManagedObject;
  readonly propSet: readonly PropertySpec[];
}

/** What the property specs that fit an object ask of it; unset properties are left out. */
export function readWanted(
  object: ManagedObject,
  propSet: readonly PropertySpec[],
  version: string,
): Map<string, TypedValue> {
  const values = new Map<string, TypedValue>();
  const remembered = readingOnce(object);
  for (const wanted of propSet) {
    if (!isManagedSubtype(object.ref.type, wanted.type)) continue;
    // Then the paths beside it are not looked at.
    if (wanted.all === true) {
      for (const [name, value] of readAll(remembered, version)) values.set(name, value);
      continue;
    }
    for (const path of wanted.pathSet ?? []) {
      const value = readPath(remembered, path);
      if (value !== undefined) values.set(path, value);
    }
  }
  return values;
}

/** Several paths lead through one property, and each property is put together when it is read. */
function readingOnce(object: ManagedObject): ManagedObject {
  const values = new Map<string, unknown>();
  return {
    ref: object.ref,
    property: name => {
      if (!values.has(name)) values.set(name, object.property(name));
      return values.get(name);
    },
  };
}

/** The answer of RetrieveProperties for one object. */
export function objectContent(
  object: ManagedObject,
  propSet: readonly PropertySpec[],
  version: string,
): Readonly<Record<string, unknown>> {
  const values = readWanted(object, propSet, version);
  return {
    obj: object.ref,
    ...(values.size > 0 && { propSet: [...values].map(([name, val]) => ({ name, val })) }),
  };
}

/** @throws VimFault InvalidArgument or InvalidProperty for types and paths no object of that version could have */
export function checkPropertySpecs(propSet: readonly PropertySpec[], version: string): void {
  for (const { type, all, pathSet } of propSet) {
    if (!isManagedType(type)) throw invalidArgument('specSet.propSet.type');
    if (all === true) continue;
    const unknown = pathSet?.find(path => !isPathIn(version, type, path));
    if (unknown !== undefined) throw new VimFault('InvalidProperty', '', { name: unknown });
  }
}
