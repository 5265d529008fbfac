import { expect, test } from 'vitest';

import { operation, schemaVersion } from '../../../../src/core/vsphere/schema/schema.ts';
import { encodeFault, encodeResponse, TypedValue } from '../../../../src/lab/soap/encodeResponse.ts';
import { VimFault } from '../../../../src/lab/soap/vimFault.ts';

function bodyOf(envelope: string): string {
  return /<soapenv:Body>\n([^]*)\n<\/soapenv:Body>/.exec(envelope)?.[1] ?? envelope;
}

function property(val: unknown): string {
  const answer = { objects: [{ obj: { type: 'Task', value: 't' }, propSet: [{ name: 'p', val }] }] };
  const body = bodyOf(
    encodeResponse('RetrievePropertiesEx', operation('RetrievePropertiesEx').returns, answer, schemaVersion),
  );
  return /<val[^]*<\/val>/.exec(body)?.[0] ?? body;
}

const date = new Date('2026-05-04T03:02:01.007Z');

test.each([
  ['text', 'a<b>&"c"', '<val xsi:type="xsd:string">a&lt;b&gt;&amp;&quot;c&quot;</val>'],
  ['a number', 7, '<val xsi:type="xsd:int">7</val>'],
  ['a large number', 2 ** 40, '<val xsi:type="xsd:long">1099511627776</val>'],
  ['a number whose type is known', new TypedValue('long', false, 7), '<val xsi:type="xsd:long">7</val>'],
  ['a boolean', false, '<val xsi:type="xsd:boolean">false</val>'],
  ['a date', date, '<val xsi:type="xsd:dateTime">2026-05-04T03:02:01.007Z</val>'],
  [
    'a reference',
    { type: 'Folder', value: 'group-d1' },
    '<val type="Folder" xsi:type="ManagedObjectReference">group-d1</val>',
  ],
  [
    'a list of references',
    new TypedValue('ref', true, [{ type: 'Folder', value: 'a' }]),
    '<val xsi:type="ArrayOfManagedObjectReference"><ManagedObjectReference type="Folder">a</ManagedObjectReference></val>',
  ],
  ['an empty list', new TypedValue('int', true, []), '<val xsi:type="ArrayOfInt"></val>'],
  [
    'a list of data objects, one of them derived',
    new TypedValue('VirtualDevice', true, [{ key: 1 }, { unitNumber: 0, _type: 'VirtualKeyboard', key: 2 }]),
    '<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice><key>1</key></VirtualDevice>' +
      '<VirtualDevice xsi:type="VirtualKeyboard"><key>2</key><unitNumber>0</unitNumber></VirtualDevice></val>',
  ],
  [
    'fields in the order of the schema, whatever order they have here',
    { value: 'v', _type: 'OptionValue', key: 'k' },
    '<val xsi:type="OptionValue"><key>k</key><value xsi:type="xsd:string">v</value></val>',
  ],
])('writes %s as a value of any type', (_, value, expected) => {
  expect(property(value)).toBe(expected);
});

test.each([
  ['a missing field', { _type: 'OptionValue', key: 'k' }, undefined],
  ['an unknown field', { _type: 'OptionValue', key: 'k', value: 1, nonsense: 1 }, /no field nonsense/],
  ['a type nobody knows', { _type: 'Nonsense' }, /Nonsense/],
  ['a field of the wrong kind', { _type: 'VirtualDisk', key: 'one', capacityInKB: 1 }, /key is not int/],
  ['a missing required field', { _type: 'VirtualDisk', key: 1 }, /needs a value of capacityInKB/],
] as const)('the lab’s own mistakes do not go out: %s', (_, value, message) => {
  // A value of any type is the one required thing that may be absent: it tells that a property is no longer set.
  if (message === undefined) expect(property(value)).toBe('<val xsi:type="OptionValue"><key>k</key></val>');
  else expect(() => property(value)).toThrow(message);
});

test('an operation without a result answers an empty element', () => {
  expect(bodyOf(encodeResponse('Logout', undefined, undefined, schemaVersion))).toBe(
    '<LogoutResponse xmlns="urn:vim25"></LogoutResponse>',
  );
});

test('a fault has a code, a message and a typed detail', () => {
  const fault = new VimFault('InvalidPowerState', 'not <now>', {
    requestedState: 'poweredOff',
    existingState: 'poweredOn',
  });
  expect(bodyOf(encodeFault(fault, schemaVersion))).toBe(
    '<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>not &lt;now&gt;</faultstring><detail>' +
      '<InvalidPowerStateFault xmlns="urn:vim25" xsi:type="InvalidPowerState"><requestedState>poweredOff</requestedState>' +
      '<existingState>poweredOn</existingState></InvalidPowerStateFault></detail></soapenv:Fault>',
  );
});
