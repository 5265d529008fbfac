import { fieldsOf } from '../../core/vsphere/schema/schema.ts';
import type { PlainObject } from './managedObject.ts';
import type { VmSettings } from './vmSettings.ts';

/**
 * Applies what a VirtualMachineConfigSpec says, except for the hardware: fields of the same name and type are taken
 * over, data objects field by field; extraConfig is merged by key, an empty value removing one.
 */
export function applySettings(settings: VmSettings, spec: PlainObject): void {
  const kept = new Map(fieldsOf('VirtualMachineConfigInfo').map(field => [field.name, field]));
  for (const field of fieldsOf('VirtualMachineConfigSpec')) {
    const value = spec[field.name];
    if (value === undefined || field.name === 'extraConfig') continue;
    const target = kept.get(field.name);
    if (target?.type === field.type && target.repeated === field.repeated)
      settings[field.name] = merged(settings[field.name], value);
  }
  if (spec['powerOpInfo'] !== undefined)
    settings['defaultPowerOps'] = merged(settings['defaultPowerOps'], spec['powerOpInfo']);
  if (spec['extraConfig'] !== undefined)
    settings['extraConfig'] = mergedOptions(
      (settings['extraConfig'] ?? []) as readonly PlainObject[],
      spec['extraConfig'] as readonly PlainObject[],
    );
}

function merged(old: unknown, value: unknown): unknown {
  return isDataObject(old) && isDataObject(value) ? { ...old, ...value } : value;
}

function isDataObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function mergedOptions(old: readonly PlainObject[], changes: readonly PlainObject[]): PlainObject[] {
  const options = new Map(old.map(option => [option['key'], option['value']]));
  for (const { key, value } of changes) {
    if (value === '') options.delete(key);
    else options.set(key, value);
  }
  return [...options].map(([key, value]) => ({ key, value }));
}
