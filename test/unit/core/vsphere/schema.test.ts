import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inWireOrder } from '../../../../src/core/vsphere/schema/order.ts';
import type { Field } from '../../../../src/core/vsphere/schema/parseTable.ts';
import {
  allDataTypes,
  allManagedTypes,
  allOperations,
  fieldsOf,
  isDataType,
  isManagedSubtype,
  isPrimitive,
  isSubtype,
  propertiesOf,
} from '../../../../src/core/vsphere/schema/schema.ts';
import { toWsdl } from '../../../../src/core/vsphere/schema/wsdl.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

describe('the table', () => {
  test('names every type once, bases included', () => {
    const rows = allDataTypes();
    expect(rows.length).toBeGreaterThan(400);
    for (const { name, base } of rows) expect(base === undefined || isDataType(base), name).toBe(true);
  });

  test('refers only to types it knows', () => {
    const owners: (readonly [string, readonly Field[]])[] = [
      ...allDataTypes().map(({ name }) => [name, fieldsOf(name)] as const),
      ...allManagedTypes().map(({ name }) => [name, propertiesOf(name)] as const),
      ...allOperations().map(
        ({ name, parameters, returns }) =>
          [name, [...parameters, ...(returns === undefined ? [] : [returns])]] as const,
      ),
    ];
    const unknown = owners.flatMap(([owner, fields]) =>
      fields
        .filter(({ type }) => !isPrimitive(type) && !isDataType(type))
        .map(({ name }) => `${owner}.${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test('has no type with two fields of one name', () => {
    for (const { name } of allDataTypes()) {
      const names = fieldsOf(name).map(field => field.name);
      expect(new Set(names).size, name).toBe(names.length);
    }
  });

  test('puts the fields of the base first', () => {
    expect(
      fieldsOf('VirtualDiskFlatVer2BackingInfo')
        .slice(0, 5)
        .map(({ name }) => name),
    ).toEqual([...['fileName', 'datastore', 'backingObjectId', 'diskMode', 'split']]);
  });

  test.each([
    ['ParaVirtualSCSIController', 'VirtualDevice', true],
    ['VirtualDevice', 'VirtualDevice', true],
    ['VirtualDevice', 'VirtualDisk', false],
    ['Unheard', 'VirtualDevice', false],
  ])('%s is a %s: %s', (type, base, expected) => expect(isSubtype(type, base)).toBe(expected));

  test('knows arrays of everything it knows', () => {
    expect(fieldsOf('ArrayOfVirtualDevice')).toEqual([
      { name: 'VirtualDevice', type: 'VirtualDevice', optional: true, repeated: true },
    ]);
    expect(fieldsOf('ArrayOfManagedObjectReference')[0]?.type).toBe('ref');
    expect(() => fieldsOf('ArrayOfUnheard')).toThrow(/not in the table/);
  });

  test('knows which managed objects derive from which', () => {
    expect(isManagedSubtype('DistributedVirtualPortgroup', 'Network')).toBe(true);
    expect(isManagedSubtype('Datastore', 'Network')).toBe(false);
  });
});

test('the generated interfaces are fresh', () => {
  const printed = execFileSync(process.execPath, [join(root, 'scripts', 'generateVimTypes.mjs'), '--print'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(readFileSync(join(root, 'src/core/vsphere/vimTypes.generated.ts'), 'utf8')).toBe(printed);
});

test('the WSDL has every type, operation and the version', () => {
  const wsdl = toWsdl('7.0.3.0');
  for (const { name } of allDataTypes()) expect(wsdl).toContain(`<complexType name="${name}">`);
  for (const { name } of allOperations())
    expect(wsdl).toContain(`<element name="${name}" type="vim25:${name}RequestType"/>`);
  expect(wsdl.match(/soapAction="urn:vim25\/7\.0\.3\.0"/g)).toHaveLength(allOperations().length);
  expect(wsdl).toContain('<element name="changeId" type="xsd:string" minOccurs="0"/>');
  expect(wsdl).toContain(
    '<element name="device" type="vim25:VirtualDevice" minOccurs="0" maxOccurs="unbounded"/>',
  );
});

describe('the order of the wire', () => {
  const disk = {
    capacityInKB: 1024,
    backing: {
      diskMode: 'persistent',
      fileName: '[ds]',
      _type: 'VirtualDiskFlatVer2BackingInfo',
      thinProvisioned: true,
    },
    _type: 'VirtualDisk',
    unitNumber: 0,
    key: -1,
  };

  test('is that of the table, also within derived types', () => {
    const ordered = inWireOrder('VirtualDeviceConfigSpec', { device: disk, operation: 'add' }, 'spec');
    expect(JSON.stringify(ordered)).toBe(
      '{"operation":"add","device":{"_type":"VirtualDisk","key":-1,"backing":' +
        '{"_type":"VirtualDiskFlatVer2BackingInfo","fileName":"[ds]","diskMode":"persistent","thinProvisioned":true},' +
        '"unitNumber":0,"capacityInKB":1024}}',
    );
  });

  test.each([
    ['an unknown field', 'VirtualDevice', { ...disk, surprise: 1 }, /VirtualDisk has no field surprise/],
    ['a missing field', 'VirtualDevice', { _type: 'VirtualDisk', key: 1 }, /VirtualDisk needs capacityInKB/],
    ['null', 'VirtualDevice', null, /has no value/],
    ['a nested null', 'VirtualDevice', { ...disk, unitNumber: null }, /spec\.unitNumber has no value/],
    ['a type that does not derive', 'VirtualController', disk, /VirtualDisk is not a VirtualController/],
    [
      'an unknown type',
      'VirtualDevice',
      { ...disk, _type: 'VirtualToaster' },
      /VirtualToaster is not a VirtualDevice/,
    ],
    ['text for a number', 'VirtualDevice', { ...disk, key: '1' }, /spec\.key is not a value of type int/],
    [
      'a fraction for an integer',
      'VirtualDevice',
      { ...disk, key: 1.5 },
      /spec\.key is not a value of type int/,
    ],
    [
      'one for many',
      'VirtualController',
      { key: 1, busNumber: 0, device: 5 },
      /spec\.device is not an array/,
    ],
    ['an object without type as any', 'OptionValue', { key: 'k', value: { a: 1 } }, /needs _type/],
  ])('refuses %s', (_, type, value, message) => {
    expect(() => inWireOrder(type, value, 'spec')).toThrow(message);
  });

  test('leaves out what is undefined and keeps references and dates', () => {
    const ref = { type: 'VirtualMachine', value: 'vm-1' };
    const date = new Date(0);
    expect(inWireOrder('OptionValue', { value: ref, key: 'k' }, 'o')).toEqual({ key: 'k', value: ref });
    expect(inWireOrder('OptionValue', { value: date, key: 'k' }, 'o')).toEqual({ key: 'k', value: date });
    expect(inWireOrder('VirtualDevice', { key: 1, unitNumber: undefined }, 'd')).toStrictEqual({ key: 1 });
  });
});
