import { expect, test } from 'vitest';

import { schemaVersion } from '../../../../src/core/vsphere/schema/schema.ts';
import { decodeRequest } from '../../../../src/lab/soap/decodeRequest.ts';

function envelope(body: string, declarations = ''): string {
  return (
    '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
    ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${declarations}><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
  );
}

const xsd = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema"';
const vm = '<_this type="VirtualMachine">vm-1</_this>';

function call(operation: string, content: string, declarations = xsd): string {
  return envelope(`<${operation} xmlns="urn:vim25">${vm}${content}</${operation}>`, declarations);
}

function reconfigure(spec: string): string {
  return call('ReconfigVM_Task', `<spec>${spec}</spec>`);
}

const disk =
  '<deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>-1</key>' +
  '<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName></fileName><diskMode>persistent</diskMode>' +
  '<thinProvisioned>1</thinProvisioned></backing><controllerKey>1000</controllerKey><unitNumber>0</unitNumber>' +
  '<capacityInKB>1024</capacityInKB></device></deviceChange>';

test.each([
  [
    'arguments in their order',
    call(
      'CreateSnapshot_Task',
      '<name>a</name><description>b</description><memory>false</memory><quiesce>1</quiesce>',
    ),
    { name: 'a', description: 'b', memory: false, quiesce: true },
  ],
  [
    'an optional argument left out, text with entities and blanks kept',
    call('CreateSnapshot_Task', '<name> &lt;a&#x26;b&gt; </name><memory>true</memory><quiesce>0</quiesce>'),
    { name: ' <a&b> ', memory: true, quiesce: false },
  ],
  [
    'a derived type where its base is declared',
    call(
      'CreateSnapshotEx_Task',
      '<name>a</name><memory>0</memory><quiesceSpec xsi:type="VirtualMachineWindowsQuiesceSpec"><timeout>15</timeout><vssBackupType>5</vssBackupType></quiesceSpec>',
    ),
    {
      name: 'a',
      memory: false,
      quiesceSpec: { _type: 'VirtualMachineWindowsQuiesceSpec', timeout: 15, vssBackupType: 5 },
    },
  ],
  [
    'lists, derived types within, values of any type',
    reconfigure(
      `<name>n</name>${disk}<extraConfig><key>a</key><value xsi:type="xsd:string">7</value></extraConfig>` +
        '<extraConfig><key>b</key><value xsi:type="xsd:int">7</value></extraConfig><changeTrackingEnabled>true</changeTrackingEnabled>',
    ),
    {
      spec: {
        name: 'n',
        deviceChange: [
          {
            operation: 'add',
            device: {
              _type: 'VirtualDisk',
              key: -1,
              backing: {
                _type: 'VirtualDiskFlatVer2BackingInfo',
                fileName: '',
                diskMode: 'persistent',
                thinProvisioned: true,
              },
              controllerKey: 1000,
              unitNumber: 0,
              capacityInKB: 1024,
            },
          },
        ],
        extraConfig: [
          { key: 'a', value: '7' },
          { key: 'b', value: 7 },
        ],
        changeTrackingEnabled: true,
      },
    },
  ],
] as const)('reads %s', (_, request, parameters) => {
  const decoded = decodeRequest(request, schemaVersion);
  expect(decoded.parameters).toEqual(parameters);
  expect(decoded.self).toEqual({ type: 'VirtualMachine', value: 'vm-1' });
});

test('reads prefixes of the client’s own choice', () => {
  const request =
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>' +
    '<v:CreateSnapshotEx_Task xmlns:v="urn:vim25"><v:_this type="VirtualMachine">vm-1</v:_this><v:name>a</v:name><v:memory>0</v:memory>' +
    '<v:quiesceSpec xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="v:VirtualMachineGuestQuiesceSpec"/>' +
    '</v:CreateSnapshotEx_Task></e:Body></e:Envelope>';
  expect(decodeRequest(request, schemaVersion).parameters).toEqual({
    name: 'a',
    memory: false,
    quiesceSpec: {},
  });
});

const snapshotTail = '<memory>0</memory><quiesce>0</quiesce>';

test.each([
  [
    'arguments out of order',
    call('CreateSnapshot_Task', '<description>b</description><name>a</name>' + snapshotTail),
    /Missing value for non-optional parameter name/,
  ],
  [
    'an optional argument behind its place',
    call('CreateSnapshot_Task', `<name>a</name>${snapshotTail}<description>b</description>`),
    /Unexpected element tag "description" seen/,
  ],
  [
    'a missing argument',
    call('CreateSnapshot_Task', '<name>a</name><memory>0</memory>'),
    /Missing value for non-optional parameter quiesce/,
  ],
  [
    'an unknown argument',
    call('CreateSnapshot_Task', `<name>a</name><nonsense/>${snapshotTail}`),
    /Unexpected element tag "nonsense" seen/,
  ],
  [
    'an argument given twice',
    call('CreateSnapshot_Task', `<name>a</name><name>b</name>${snapshotTail}`),
    /Unexpected element tag "name" seen/,
  ],
  [
    'fields of a data object out of order',
    reconfigure('<firmware>efi</firmware><changeTrackingEnabled>1</changeTrackingEnabled>'),
    /Unexpected element tag "changeTrackingEnabled" seen[^]*while parsing serialized DataObject of type VirtualMachineConfigSpec[^]*while parsing call information for method ReconfigVM_Task/,
  ],
  [
    'fields of a derived type out of order',
    reconfigure(
      disk.replace(
        '<diskMode>persistent</diskMode><thinProvisioned>1</thinProvisioned>',
        '<thinProvisioned>1</thinProvisioned><diskMode>persistent</diskMode>',
      ),
    ),
    /Required property diskMode is missing from data object of type VirtualDiskFlatVer2BackingInfo/,
  ],
  [
    'a field of a derived type without saying so',
    call(
      'CreateSnapshotEx_Task',
      '<name>a</name><memory>0</memory><quiesceSpec><vssBackupType>5</vssBackupType></quiesceSpec>',
    ),
    /Unexpected element tag "vssBackupType" seen/,
  ],
  [
    'a missing field',
    reconfigure(disk.replace('<key>-1</key>', '')),
    /Required property key is missing from data object of type VirtualDisk/,
  ],
  [
    'xsi:nil',
    call('CreateSnapshot_Task', `<name>a</name><description xsi:nil="true"/>${snapshotTail}`),
    /Unexpected xsi:nil attribute/,
  ],
  [
    'a type that does not derive from the declared one',
    reconfigure(disk.replace('VirtualDiskFlatVer2BackingInfo', 'OptionValue')),
    /Type OptionValue of element "backing" is not derived from VirtualDeviceBackingInfo/,
  ],
  [
    'a type nobody knows',
    reconfigure(disk.replace('VirtualDisk"', 'VirtualDisc"')),
    /Unable to resolve type "VirtualDisc"/,
  ],
  [
    'a type whose prefix is not declared',
    call(
      'ReconfigVM_Task',
      '<spec><extraConfig><key>a</key><value xsi:type="xs:string">7</value></extraConfig></spec>',
      '',
    ),
    /Unable to resolve type "xs:string"/,
  ],
  [
    'a type whose prefix is another namespace',
    call(
      'ReconfigVM_Task',
      '<spec><extraConfig><key>a</key><value xsi:type="xsi:string">7</value></extraConfig></spec>',
    ),
    /Unable to resolve type "xsi:string"/,
  ],
  [
    'a value of any type without a type',
    reconfigure('<extraConfig><key>a</key><value>7</value></extraConfig>'),
    /needs the attribute xsi:type/,
  ],
  [
    'a number that is none',
    reconfigure('<numCPUs>two</numCPUs>'),
    /"two" of element "numCPUs" is not a valid int/,
  ],
  ['a number out of range', reconfigure('<numCPUs>3000000000</numCPUs>'), /is not a valid int/],
  [
    'a boolean that is none',
    call('CreateSnapshot_Task', '<name>a</name><memory>no</memory><quiesce>0</quiesce>'),
    /is not a valid boolean/,
  ],
  [
    'an element inside a plain value',
    call('CreateSnapshot_Task', `<name><b/></name>${snapshotTail}`),
    /Unexpected element tag "b" seen/,
  ],
  ['text between fields', reconfigure('stray<name>n</name>'), /Unexpected text "stray"/],
  [
    'an element of another namespace',
    call('CreateSnapshot_Task', `<name xmlns="urn:other">a</name>${snapshotTail}`),
    /Unexpected element tag "name" seen/,
  ],
  [
    'a method nobody knows',
    call('MakeCoffee_Task', ''),
    /Unable to resolve WSDL method name MakeCoffee_Task/,
  ],
  [
    'a method of another namespace',
    envelope(`<CurrentTime xmlns="urn:other">${vm}</CurrentTime>`),
    /Unable to resolve WSDL namespace "urn:other"/,
  ],
  [
    'a reference without a type',
    envelope('<CurrentTime xmlns="urn:vim25"><_this>ServiceInstance</_this></CurrentTime>'),
    /needs the attribute type/,
  ],
  ['an undeclared prefix', envelope(`<v:CurrentTime>${vm}</v:CurrentTime>`), /XML parse error/],
  ['text that is not XML', 'hello', /XML parse error/],
  ['an unclosed element', '<a><b></a>', /XML parse error/],
  [
    'a document type declaration',
    `<!DOCTYPE a [<!ENTITY x "y">]>${call('CurrentTime', '')}`,
    /document type declaration/,
  ],
  ['an entity of HTML', call('CreateSnapshot_Task', `<name>&auml;</name>${snapshotTail}`), /XML parse error/],
  ['an endless nesting', envelope('<a>'.repeat(100)), /nested deeper/],
  ['no body', '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>', /Missing SOAP body/],
])('refuses %s', (_, request, message) => {
  let thrown: unknown;
  try {
    decodeRequest(request, schemaVersion);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ type: 'InvalidRequest' });
  expect((thrown as Error).message).toMatch(message);
});
