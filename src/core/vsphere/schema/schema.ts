import { AppError } from '../../../base/errors.ts';
import { parseOperations, parseTypes } from './parseTable.ts';
import type { Field, OperationRow, TypeRow } from './parseTable.ts';
import { isKnownTo, operationsWithVersions, typesWithVersions } from './versions.ts';
import { vimEnumerations } from './vimEnumerations.ts';
import { vimOperations } from './vimOperations.ts';
import { authorizationTypes } from './vimTypesAuthorization.ts';
import { backingTypes } from './vimTypesBacking.ts';
import { commonTypes } from './vimTypesCommon.ts';
import { configTypes } from './vimTypesConfig.ts';
import { datastoreTypes } from './vimTypesDatastore.ts';
import { deviceTypes } from './vimTypesDevice.ts';
import { eventTypes } from './vimTypesEvent.ts';
import { faultTypes } from './vimTypesFault.ts';
import { guestOpsTypes } from './vimTypesGuestOps.ts';
import { leaseTypes } from './vimTypesLease.ts';
import { managedObjectTypes } from './vimManagedObjects.ts';
import { ovfTypes } from './vimTypesOvf.ts';
import { platformTypes } from './vimTypesPlatform.ts';
import { propertyTypes } from './vimTypesProperty.ts';
import { sessionTypes } from './vimTypesSession.ts';
import { snapshotTypes } from './vimTypesSnapshot.ts';
import { taskTypes } from './vimTypesTask.ts';
import { virtualMachineTypes } from './vimTypesVirtualMachine.ts';

/**
 * The part of the vSphere API (vim25) this product speaks, as one table. It orders and checks what is sent, types
 * what is received, and yields the WSDL and the TypeScript interfaces.
 */

/** The API version whose fields the table lists. A newer server speaks it too; an older one ignores the difference. */
export const schemaVersion = '8.0.3.0';

/** The primitives of the table and their names in XML Schema. Enumerations are `str`: newer servers add values. */
export const primitives = {
  str: 'string',
  int: 'int',
  long: 'long',
  short: 'short',
  byte: 'byte',
  double: 'double',
  float: 'float',
  base64: 'base64Binary',
  bool: 'boolean',
  date: 'dateTime',
  any: 'anyType',
  ref: 'ManagedObjectReference',
} as const;

export type PrimitiveName = keyof typeof primitives;

export function isPrimitive(type: string): type is PrimitiveName {
  return Object.hasOwn(primitives, type);
}

const dataTypes = byName(
  described(
    [
      commonTypes,
      sessionTypes,
      authorizationTypes,
      propertyTypes,
      taskTypes,
      deviceTypes,
      backingTypes,
      configTypes,
      virtualMachineTypes,
      platformTypes,
      snapshotTypes,
      datastoreTypes,
      eventTypes,
      leaseTypes,
      ovfTypes,
      guestOpsTypes,
      eventTypes,
      faultTypes,
    ].flatMap(parseTypes),
  ),
);
const enumerations = new Set(vimEnumerations.map(([, , enumeration]) => enumeration));
const managedObjects = byName(described(parseTypes(managedObjectTypes)));
const operations = byName(operationsWithVersions(parseOperations(vimOperations)));

/** All rows of data objects, bases before what derives from them within a family. */
export function allDataTypes(): readonly TypeRow[] {
  return [...dataTypes.values()];
}

export function allOperations(): readonly OperationRow[] {
  return [...operations.values()];
}

export function allManagedTypes(): readonly TypeRow[] {
  return [...managedObjects.values()];
}

export function isDataType(type: string): boolean {
  return dataTypes.has(type) || arrayElement(type) !== undefined;
}

/**
 * All fields of a data object in the order of the wire: those of its bases first. `ArrayOf…` types have no rows:
 * they hold one repeated element with the name of what they hold.
 * @throws UNSUPPORTED_FORMAT for a type the table does not know
 */
export function fieldsOf(type: string): readonly Field[] {
  const element = arrayElement(type);
  if (element !== undefined) return [element];
  return chain(dataTypes, type).flatMap(row => row.ownFields);
}

/** Whether the name is that of an enumeration that fields of the table hold words of. */
export function isEnumeration(name: string): boolean {
  return enumerations.has(name);
}

/** The fields that a server of the version knows. */
export function fieldsIn(version: string, type: string): readonly Field[] {
  const fields = fieldsOf(type);
  return version === schemaVersion ? fields : fields.filter(field => isKnownTo(version, field));
}

/** The type, or the nearest base of it that a server of the version knows. */
export function nearestTypeIn(version: string, type: string): string {
  let row = dataTypes.get(type);
  while (row?.base !== undefined && !isKnownTo(version, row)) row = dataTypes.get(row.base);
  return row?.name ?? type;
}

/**
 * Whether a server of the version knows a property path such as `runtime.cryptoState`. Paths that the table does not
 * know count as known: whether there are such is for the server to say.
 */
export function isPathIn(version: string, managedType: string, path: string): boolean {
  let fields = propertiesOf(managedType);
  for (const step of path.split('.')) {
    const field = fields.find(({ name }) => name === step.replace(/\[.*\]$/, ''));
    if (field === undefined) return true;
    if (!isKnownTo(version, field)) return false;
    fields = isPrimitive(field.type) ? [] : fieldsOf(field.type);
  }
  return true;
}

/** Whether `type` is `base` or derives from it. */
export function isSubtype(type: string, base: string): boolean {
  return isIn(dataTypes, type, base);
}

/**
 * The readable properties of a managed object that the table knows, inherited ones first.
 * @throws UNSUPPORTED_FORMAT for a type the table does not know
 */
export function propertiesOf(managedType: string): readonly Field[] {
  return chain(managedObjects, managedType).flatMap(row => row.ownFields);
}

/** Whether the managed object type is `base` or derives from it; types the table does not know are only themselves. */
export function isManagedSubtype(type: string, base: string): boolean {
  return isIn(managedObjects, type, base);
}

export function isManagedType(type: string): boolean {
  return managedObjects.has(type);
}

/** @throws UNSUPPORTED_FORMAT for an operation the table does not know */
export function operation(name: string): OperationRow {
  const found = operations.get(name);
  if (found === undefined)
    throw new AppError('UNSUPPORTED_FORMAT', `the vSphere operation ${name} is not in the table`);
  return found;
}

function arrayElement(type: string): Field | undefined {
  if (!type.startsWith('ArrayOf')) return undefined;
  const held = type.slice('ArrayOf'.length);
  if (dataTypes.has(held)) return { name: held, type: held, optional: true, repeated: true };
  for (const [primitive, xmlName] of Object.entries(primitives)) {
    if (xmlName.toLowerCase() === held.toLowerCase())
      return { name: xmlName, type: primitive, optional: true, repeated: true };
  }
  return undefined;
}

function isIn(rows: ReadonlyMap<string, TypeRow>, type: string, base: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = rows.get(at)?.base)
    if (at === base) return true;
  return false;
}

function chain(rows: ReadonlyMap<string, TypeRow>, type: string): TypeRow[] {
  const found: TypeRow[] = [];
  for (let at: string | undefined = type; at !== undefined;) {
    const row = rows.get(at);
    if (row === undefined)
      throw new AppError('UNSUPPORTED_FORMAT', `the vSphere type ${at} is not in the table`, {
        object: type,
      });
    found.unshift(row);
    at = row.base;
  }
  return found;
}

function described(rows: readonly TypeRow[]): TypeRow[] {
  return typesWithVersions(
    rows.map(row => ({
      ...row,
      ownFields: row.ownFields.map(field => {
        const found = vimEnumerations.find(([type, name]) => type === row.name && name === field.name);
        return found === undefined ? field : { ...field, enumeration: found[2] };
      }),
    })),
  );
}

function byName<Row extends { readonly name: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map(row => [row.name, row]));
}
