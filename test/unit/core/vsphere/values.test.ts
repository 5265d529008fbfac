import { describe, expect, test } from 'vitest';
import { negotiatedVersion } from '../../../../src/core/vsphere/apiVersion.ts';
import { plainName } from '../../../../src/core/vsphere/entityName.ts';
import { vimFault, VimFaultError } from '../../../../src/core/vsphere/faults.ts';
import { requestXml } from '../../../../src/core/vsphere/requestXml.ts';
import { plainField } from '../../../../src/core/vsphere/responseValues.ts';
import { allDataTypes, isSubtype, operation } from '../../../../src/core/vsphere/schema/schema.ts';

const vm = { type: 'VirtualMachine', value: 'vm-1' };

describe('a request', () => {
  test('has its arguments in order, with types where they derive', () => {
    const spec = {
      extraConfig: [
        { value: 'a<b & "c"', key: 'text' },
        { key: 'number', value: 7 },
        { key: 'flag', value: true },
      ],
      deviceChange: [{ device: { _type: 'VirtualCdrom', key: 5 }, operation: 'remove' }],
      name: 'control\u0007 and \ud800 surrogate\r\n',
    };
    const xsd = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:type="xsd:';
    expect(requestXml(operation('ReconfigVM_Task'), vm, { spec })).toBe(
      '<_this type="VirtualMachine">vm-1</_this><spec><name>control and  surrogate&#xD;\n</name>' +
        '<deviceChange><operation>remove</operation><device xsi:type="VirtualCdrom"><key>5</key></device></deviceChange>' +
        `<extraConfig><key>text</key><value ${xsd}string">a&lt;b &amp; &quot;c&quot;</value></extraConfig>` +
        `<extraConfig><key>number</key><value ${xsd}int">7</value></extraConfig>` +
        `<extraConfig><key>flag</key><value ${xsd}boolean">true</value></extraConfig></spec>`,
    );
  });

  test('cannot smuggle markup through a name', () => {
    const xml = requestXml(operation('Rename_Task'), vm, { newName: '<![CDATA[x]]><evil/><![CDATA[y]]>' });
    expect(xml).toContain('<newName>&lt;![CDATA[x]]&gt;&lt;evil/&gt;&lt;![CDATA[y]]&gt;</newName>');
  });

  test('refuses arguments that do not fit, without showing them', () => {
    expect(() => requestXml(operation('Login'), vm, { userName: 'u', password: 5 })).toThrow(
      /^Login\.password is not/,
    );
  });
});

describe('an answer', () => {
  const check = (type: string, parsed: unknown, expected: unknown, repeated = false) =>
    expect(plainField({ name: 'returnval', type, optional: false, repeated }, parsed)).toEqual(expected);

  test.each([
    ['a number as text', 'int', '42', 42],
    ['a number already parsed', 'long', 42, 42],
    ['true', 'bool', 'true', true],
    ['one', 'bool', '1', true],
    ['false', 'bool', false, false],
    ['a date', 'date', '2026-03-01T12:00:00Z', new Date('2026-03-01T12:00:00Z')],
    ['an empty text', 'str', null, ''],
    [
      'a reference',
      'ref',
      { $attributes: { type: 'Task' }, $value: 'task-1' },
      { type: 'Task', value: 'task-1' },
    ],
    ['any integer', 'any', { $attributes: { 'xsi:type': 'xsd:int' }, $value: '5' }, 5],
    [
      'any text of another prefix',
      'any',
      { $attributes: { 'XMLSchema-instance:type': 'a:string' }, $value: '5' },
      '5',
    ],
    [
      'any enumeration',
      'any',
      { $attributes: { 'xsi:type': 'VirtualMachinePowerState' }, $value: 'poweredOn' },
      'poweredOn',
    ],
    [
      'any reference',
      'any',
      { $attributes: { 'xsi:type': 'ManagedObjectReference', type: 'Task' }, $value: 't-1' },
      { type: 'Task', value: 't-1' },
    ],
    ['any array of one', 'any', { $attributes: { 'xsi:type': 'ArrayOfInt' }, int: '5' }, [5]],
    ['any empty array', 'any', { $attributes: { 'xsi:type': 'ArrayOfVirtualDevice' } }, []],
  ])('%s', (_, type, parsed, expected) => check(type, parsed, expected));

  test('types the fields of derived types, and single elements are arrays', () => {
    const parsed = {
      $attributes: { 'xsi:type': 'VirtualLsiLogicController' },
      key: '1000',
      busNumber: '0',
      device: '2000',
      hotAddRemove: 'true',
      sharedBus: 'noSharing',
    };
    const plain = { key: 1000, busNumber: 0, device: [2000], hotAddRemove: true, sharedBus: 'noSharing' };
    check('VirtualDevice', parsed, [{ _type: 'VirtualLsiLogicController', ...plain }], true);
  });

  test('keeps what a newer server adds', () => {
    const parsed = {
      $attributes: { 'xsi:type': 'VirtualQuantumDisk' },
      key: '1',
      spin: 'up',
      inner: { a: { b: 'c' } },
    };
    check('VirtualDevice', parsed, {
      _type: 'VirtualQuantumDisk',
      key: 1,
      spin: 'up',
      inner: { a: { b: 'c' } },
    });
  });

  test('has empty arrays where a required one is missing', () =>
    check('RetrieveResult', null, { objects: [] }));

  test.each([
    ['int', 'many'],
    ['date', 'yesterday'],
    ['ref', { $value: 'vm-1' }],
    ['str', { child: 'x' }],
  ])('refuses what is no %s', (type, parsed) => {
    const field = { name: 'returnval', type, optional: false, repeated: false };
    expect(() => plainField(field, parsed)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA' }) as Error,
    );
  });
});

describe('a fault', () => {
  test.each([
    ['NoPermission', { privilegeId: 'VirtualMachine.State.CreateSnapshot' }, 'PERMISSION', false],
    ['NotAuthenticated', {}, 'AUTHENTICATION', false],
    ['RestrictedVersion', {}, 'PERMISSION', false],
    ['ApplicationQuiesceFault', {}, 'QUIESCE_FAILED', false],
    ['TaskInProgress', {}, 'CONFLICT', true],
    ['InvalidPowerState', { existingState: 'poweredOff' }, 'CONFLICT', false],
    ['NoDiskSpace', { datastore: 'ds1', file: 'x.vmdk' }, 'STORAGE_FULL', false],
    ['FileNotFound', { file: 'x.vmdk' }, 'NOT_FOUND', false],
    ['HostNotReachable', {}, 'UNREACHABLE', true],
    ['PasswordExpired', {}, 'AUTHENTICATION', false],
    ['InvalidGuestLogin', {}, 'AUTHENTICATION', false],
    ['GuestPermissionDenied', {}, 'PERMISSION', false],
    ['GuestOperationsUnavailable', {}, 'CONFLICT', true],
    ['ToolsUnavailable', {}, 'CONFLICT', true],
    ['TooManySnapshotLevels', {}, 'CONFLICT', false],
    ['SnapshotLocked', {}, 'CONFLICT', true],
    ['FileNotWritable', { file: 'x.vmdk' }, 'PERMISSION', false],
    ['CannotAccessFile', { file: 'x.vmdk' }, 'UNREACHABLE', true],
    ['NotADirectory', { file: 'x' }, 'CONFLICT', false],
    ['InaccessibleDatastore', { name: 'ds1' }, 'UNREACHABLE', true],
    ['InvalidDatastorePath', {}, 'INVALID_INPUT', false],
    ['InsufficientHostCapacityFault', {}, 'CONFLICT', false],
    ['MethodNotFound', {}, 'UNSUPPORTED_FORMAT', false],
    ['FaultOfTheFuture', {}, 'INTERNAL', false],
  ])('%s means %s', (type, fields, code, retryable) => {
    const error = vimFault({ _type: type, ...fields }, 'Der Server sagt etwas.', 'the operation', 'web01');
    expect(error).toMatchObject({ code, retryable: retryable, object: 'web01', faultType: type });
    expect(error.serverMessage).toBe('Der Server sagt etwas.');
    for (const fact of Object.values(fields)) expect(error.message).toContain(fact);
    expect(error.message).not.toMatch(/\.$/);
    expect(VimFaultError.isFault(error, type)).toBe(true);
  });

  test('of the API has a meaning, but for those that say nothing themselves or are met by nothing we do', () => {
    const faults = allDataTypes().map(({ name }) => name);
    const unspecific = faults.filter(
      name =>
        isSubtype(name, 'MethodFault') &&
        vimFault({ _type: name }, '', 'the operation', 'web01').code === 'INTERNAL',
    );
    expect(unspecific.sort()).toEqual([
      ...['CannotAccessLocalSource', 'CannotModifyConfigCpuRequirements', 'CustomizationFault'],
      ...['DisallowedOperationOnFailoverHost', 'GenericDrsFault', 'GuestOperationsFault', 'HttpFault'],
      ...['LogBundlingFailed', 'MethodFault', 'MigrationFault', 'NetworkDisruptedAndConfigRolledBack'],
      ...['RuntimeFault', 'SnapshotCloneNotSupported', 'SnapshotCopyNotSupported', 'SystemError'],
      ...['UnexpectedFault', 'VAppConfigFault', 'VimFault', 'VmToolsUpgradeFault'],
    ]);
  });

  test('is recognized by its bases', () => {
    const error = vimFault({ _type: 'FileLocked' }, '', 'x', 'y');
    expect(VimFaultError.isFault(error, 'FileFault')).toBe(true);
    expect(VimFaultError.isFault(error, 'SnapshotFault')).toBe(false);
  });
});

describe('the version of the API', () => {
  const list = (...versions: string[]) =>
    `<namespaces version="1.0"><namespace><name>urn:vim25</name><version>${versions[0] ?? ''}</version><priorVersions>` +
    versions
      .slice(1)
      .map(version => `<version>${version}</version>`)
      .join('') +
    '</priorVersions></namespace><namespace><name>urn:vsan</name><version>8.0.3.0</version></namespace></namespaces>';

  test.each([
    ['the newest the table knows', list('9.0.0.0', '8.0.3.0', '8.0.2.0'), '8.0.3.0'],
    ["an older server's", list('7.0.3.0', '7.0.2.0', '6.7.3'), '7.0.3.0'],
    ['the best below ours', list('9.0.0.0', '8.0.2.0', '8.0.10.0'), '8.0.2.0'],
    ['ours without a list', undefined, '8.0.3.0'],
  ])('is %s', (_, xml, expected) => expect(negotiatedVersion(xml)).toBe(expected));
});

test.each([
  ['a%2fb%5cc%25d', 'a/b\\c%d'],
  ['%252f', '%2f'],
  ['100%', '100%'],
])('the name %s is %s', (travelled, known) => expect(plainName(travelled)).toBe(known));
