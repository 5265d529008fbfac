import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isManagedType, propertiesOf } from '../../core/vsphere/schema/schema.ts';
import type { PlainObject } from '../model/managedObject.ts';
import {
  attributeOf,
  childNamed,
  childrenNamed,
  parseXml,
  XmlError,
  type XmlElement,
} from '../soap/xmlTree.ts';
import { decodeDumped } from './decodeDumped.ts';

/** An object of a saved inventory with the properties that the table of the API knows, in plain form. */
export interface DumpedObject {
  readonly ref: MoRef;
  readonly properties: PlainObject;
}

export interface Dump {
  /** Of the server that was saved. */
  readonly content: PlainObject;
  readonly objects: readonly DumpedObject[];
}

/**
 * An inventory as `govc object.save` writes it: a folder with an `ObjectContent` in each file, named by number, type and
 * id. Types that the table does not know are left out.
 * @throws NOT_FOUND, CORRUPT_DATA naming the file
 */
export async function readDump(folder: string): Promise<Dump> {
  const objects: DumpedObject[] = [];
  for (const name of await filesOf(folder)) {
    const object = dumpedObject(await readFile(join(folder, name), 'utf8'), join(folder, name));
    if (object !== undefined) objects.push(object);
  }
  const service = objects.find(({ ref }) => ref.type === 'ServiceInstance');
  const content = service?.properties['content'] as PlainObject | undefined;
  if (content === undefined)
    throw new AppError('CORRUPT_DATA', `${folder} holds no service content`, {
      object: folder,
      remedy: 'Save the inventory with "govc object.save -d FOLDER", without a path',
    });
  return { content, objects: objects.filter(object => object !== service) };
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(name => /^\d+-.*\.xml$/.test(name)).sort();
  } catch (cause) {
    throw new AppError('NOT_FOUND', `${folder} is no folder that can be read`, { object: folder, cause });
  }
}

function dumpedObject(text: string, path: string): DumpedObject | undefined {
  const root = parsed(text, path);
  const obj = childNamed(root, 'obj');
  const type = obj === undefined ? undefined : attributeOf(obj, 'type');
  if (obj === undefined || type === undefined)
    throw new AppError('CORRUPT_DATA', `${path} is no saved object`, { object: path });
  if (!isManagedType(type)) return undefined;
  const fields = new Map(propertiesOf(type).map(field => [field.name, field]));
  const properties: Record<string, unknown> = {};
  for (const set of childrenNamed(root, 'propSet')) {
    const field = fields.get(childNamed(set, 'name')?.text.trim() ?? '');
    const value = childNamed(set, 'val');
    if (field === undefined || value === undefined) continue;
    properties[field.name] = field.repeated
      ? value.children.flatMap(item => decodeDumped(field.type, item) ?? [])
      : decodeDumped(field.type, value);
  }
  return { ref: { type, value: obj.text.trim() }, properties };
}

function parsed(text: string, path: string): XmlElement {
  try {
    return parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new AppError('CORRUPT_DATA', `${path}: ${error.message}`, { object: path, cause: error });
  }
}
