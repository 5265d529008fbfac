import fc from 'fast-check';
import { createClientAsync } from 'soap';
import { beforeAll, describe, expect, test } from 'vitest';
import { AnswerReader } from '../../../../src/core/vsphere/answerReader.ts';
import { attributesKey, plainField } from '../../../../src/core/vsphere/responseValues.ts';
import type { Field } from '../../../../src/core/vsphere/schema/parseTable.ts';
import {
  allDataTypes,
  fieldsOf,
  isPrimitive,
  isSubtype,
  operation,
  primitives,
  schemaVersion,
} from '../../../../src/core/vsphere/schema/schema.ts';
import { toWsdl } from '../../../../src/core/vsphere/schema/wsdl.ts';
import type { OperationName } from '../../../../src/core/vsphere/vimCaller.ts';
import { SeededRandom } from '../../../../src/lab/guest/seededRandom.ts';

const numRuns = process.env['QUIESCE_PROOF'] === 'full' ? 20_000 : 300;

function envelope(name: string, content: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n' +
    `<soapenv:Body><${name}Response xmlns="urn:vim25">${content}</${name}Response></soapenv:Body></soapenv:Envelope>`
  );
}

/** In pieces of the given length. */
function read(name: OperationName, text: string, pieceLength = 7): unknown {
  const reader = new AnswerReader(operation(name));
  for (let at = 0; at < text.length; at += pieceLength) reader.write(text.slice(at, at + pieceLength));
  return reader.finish();
}

const update = (content: string) =>
  `<returnval><version>1</version><filterSet><filter type="PropertyFilter">f</filter><objectSet><kind>modify</kind>` +
  `<obj type="VirtualMachine">vm-1</obj><changeSet><name>x</name><op>assign</op>${content}</changeSet></objectSet></filterSet></returnval>`;

describe('a value', () => {
  test.each([
    ['text with markup', '<val xsi:type="xsd:string">a &lt;b&gt; &amp;<![CDATA[<c>]]></val>', 'a <b> &<c>'],
    ['an enumeration', '<val xsi:type="VirtualMachinePowerState">poweredOn</val>', 'poweredOn'],
    [
      'a reference',
      '<val type="HostSystem" xsi:type="ManagedObjectReference">h-1</val>',
      { type: 'HostSystem', value: 'h-1' },
    ],
    [
      'another prefix',
      '<val xmlns:XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance" XMLSchema-instance:type="ns1:int">5</val>',
      5,
    ],
    [
      'a list',
      '<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualCdrom"><key>3000</key></VirtualDevice></val>',
      [{ _type: 'VirtualCdrom', key: 3000 }],
    ],
    ['an empty list', '<val xsi:type="ArrayOfVirtualDevice"/>', []],
    [
      'a type of a newer server',
      '<val xsi:type="NewThing"><constructor>1</constructor><constructor>2</constructor></val>',
      { _type: 'NewThing', constructor: ['1', '2'] },
    ],
    ['what is nil', '<val xsi:nil="true"/>', undefined],
  ])('is read: %s', (_, xml, expected) => {
    const set = read('WaitForUpdatesEx', envelope('WaitForUpdatesEx', update(xml)));
    expect(set).toMatchObject({ version: '1', filterSet: [{ objectSet: [{ changeSet: [{ name: 'x' }] }] }] });
    const { filterSet } = set as { filterSet: [{ objectSet: [{ changeSet: [{ val?: unknown }] }] }] };
    expect(filterSet[0].objectSet[0].changeSet[0].val).toEqual(expected);
  });

  test('may be missing: a wait that ends without a change', () => {
    expect(read('WaitForUpdatesEx', envelope('WaitForUpdatesEx', ''))).toBeUndefined();
  });
});

test.each([
  ['a page of HTML', '<html><body>Busy</body></html>'],
  ['nothing', ''],
  ['an answer that breaks off', envelope('WaitForUpdatesEx', update('')).slice(0, 500)],
  [
    'a simple value with children',
    envelope('WaitForUpdatesEx', '<returnval><version><a/></version></returnval>'),
  ],
  ['a number that is none', envelope('WaitForUpdatesEx', update('<val xsi:type="xsd:int">many</val>'))],
  [
    'a reference without a type',
    envelope('WaitForUpdatesEx', update('<obj>vm-1</obj>').replace(' type="VirtualMachine"', '')),
  ],
  [
    'an entity that is not of XML',
    envelope('WaitForUpdatesEx', update('<val xsi:type="xsd:string">&nbsp;</val>')),
  ],
  ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${envelope('WaitForUpdatesEx', '')}`],
  ['endless nesting', envelope('WaitForUpdatesEx', update('<val>'.repeat(300)))],
])('refuses %s', (_, text) => {
  expect(() => read('WaitForUpdatesEx', text)).toThrow(
    expect.objectContaining({ code: 'CORRUPT_DATA' }) as Error,
  );
});

describe('against the SOAP library', () => {
  let parse: (text: string) => Record<string, Record<string, Record<string, unknown> | null>>;
  beforeAll(async () => {
    const options = { disableCache: true, attributesKey, preserveWhitespace: true };
    const client = await createClientAsync(toWsdl(schemaVersion), options);
    const { wsdl } = client as unknown as { wsdl: { xmlToObject: typeof parse } };
    parse = text => wsdl.xmlToObject(text);
  });

  test('any answer gives the same values', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 400 }), (seed, pieceLength) => {
        const { returns } = operation('WaitForUpdatesEx');
        const text = envelope('WaitForUpdatesEx', elementXml(new SeededRandom(seed), returns!, 5));
        const returned = parse(text)['Body']!['WaitForUpdatesExResponse']?.['returnval'];
        expect(read('WaitForUpdatesEx', text, pieceLength)).toEqual(plainField(returns!, returned));
      }),
      { numRuns },
    );
  });
});

/** Some element of the declared type or one that derives from it, with what a newer server might add. */
function elementXml(random: SeededRandom, { name, type }: Field, depth: number): string {
  if (type === 'ref') return `<${name} type="VirtualMachine">vm-${random.below(9)}</${name}>`;
  if (type === 'any') return anyXml(random, name, depth);
  if (isPrimitive(type)) return `<${name}>${primitiveXml(random, type)}</${name}>`;
  const family = allDataTypes().filter(row => isSubtype(row.name, type));
  const actual = random.below(2) === 0 ? type : family[random.below(family.length)]!.name;
  const named = actual === type ? '' : ` xsi:type="${actual}"`;
  return `<${name}${named}>${contentXml(random, actual, depth)}</${name}>`;
}

function contentXml(random: SeededRandom, type: string, depth: number): string {
  let xml = random.below(4) === 0 ? '\n ' : '';
  for (const field of fieldsOf(type)) {
    if (field.optional && (depth <= 0 || random.below(3) === 0)) continue;
    if (depth < -3 && field.repeated) continue;
    const count = field.repeated ? random.below(3) : 1;
    for (let index = 0; index < count; index += 1) xml += elementXml(random, field, depth - 1);
  }
  if (random.below(6) === 0) xml += '<addedLater><by>a newer</by><by>server</by></addedLater><alone/>';
  return xml;
}

function anyXml(random: SeededRandom, name: string, depth: number): string {
  const types = allDataTypes();
  const row = types[random.below(types.length)]!.name;
  const simple = (['str', 'int', 'bool', 'date', 'double'] as const)[random.below(5)]!;
  switch (random.below(5)) {
    case 0:
      return `<${name} xsi:type="${row}">${contentXml(random, row, Math.min(depth, 1))}</${name}>`;
    case 1: {
      // The library takes a list of one element without any content for an empty one, so each has some.
      const item = () => `<${row}>${contentXml(random, row, Math.min(depth, 1))}<more>1</more></${row}>`;
      return `<${name} xsi:type="ArrayOf${row}">${Array.from({ length: random.below(3) }, item).join('')}</${name}>`;
    }
    case 2:
      return `<${name} xsi:type="NobodyKnows"><a>1</a><b c="d">x</b></${name}>`;
    case 3:
      return `<${name} xsi:type="SomeEnumeration">word</${name}>`;
    default:
      return `<${name} xsi:type="xsd:${primitives[simple]}">${primitiveXml(random, simple)}</${name}>`;
  }
}

function primitiveXml(random: SeededRandom, type: string): string {
  switch (type) {
    case 'bool':
      return ['true', 'false', '1', '0'][random.below(4)]!;
    case 'date':
      return `2026-11-2${random.below(9)}T12:00:0${random.below(9)}.5Z`;
    case 'str':
      return ['web01', ' two  words ', '&lt;a&gt; &amp; &quot;b&quot;', 'Zürich', ''][random.below(5)]!;
    case 'base64':
      return 'YWJj';
    default:
      return String(random.below(1000));
  }
}
