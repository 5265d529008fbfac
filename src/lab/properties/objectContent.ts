import { isManagedSubtype, isManagedType } from '../../core/vsphere/schema/schema.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { TypedValue } from '../soap/encodeResponse.ts';
import { VimFault } from '../soap/vimFault.ts';
import { readAll, readPath } from './propertyPath.ts';
import type { PropertySpec } from './selection.ts';

/** An object that was selected, and what is asked of it. */
export interface FoundObject {
  readonly object: ManagedObject;
  readonly propSet: readonly PropertySpec[];
}

/** What the property specs that fit an object ask of it; unset properties are left out. */
export function readWanted(object: ManagedObject, propSet: readonly PropertySpec[]): Map<string, TypedValue> {
  const values = new Map<string, TypedValue>();
  for (const wanted of propSet) {
    if (!isManagedSubtype(object.ref.type, wanted.type)) continue;
    if (wanted.all === true) for (const [name, value] of readAll(object)) values.set(name, value);
    for (const path of wanted.pathSet ?? []) {
      const value = readPath(object, path);
      if (value !== undefined) values.set(path, value);
    }
  }
  return values;
}

/** The answer of RetrieveProperties for one object. */
export function objectContent(
  object: ManagedObject,
  propSet: readonly PropertySpec[],
): Readonly<Record<string, unknown>> {
  const values = readWanted(object, propSet);
  return {
    obj: object.ref,
    ...(values.size > 0 && { propSet: [...values].map(([name, val]) => ({ name, val })) }),
  };
}

/** @throws VimFault InvalidArgument or InvalidProperty for types and paths no object could have */
export function checkPropertySpecs(propSet: readonly PropertySpec[]): void {
  for (const wanted of propSet) {
    if (isManagedType(wanted.type)) continue;
    throw new VimFault('InvalidArgument', 'A specified parameter was not correct: specSet.propSet.type', {
      invalidProperty: 'specSet.propSet.type',
    });
  }
}
