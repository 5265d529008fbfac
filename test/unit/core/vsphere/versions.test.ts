import { describe, expect, test } from 'vitest';

import { hasCapability, missingCapabilities } from '../../../../src/core/vsphere/capabilities.ts';
import { fittedTo } from '../../../../src/core/vsphere/schema/olderVersion.ts';
import type { Field } from '../../../../src/core/vsphere/schema/parseTable.ts';
import {
  allDataTypes,
  allManagedTypes,
  allOperations,
  fieldsIn,
  fieldsOf,
  isPathIn,
  nearestTypeIn,
  operation,
  schemaVersion,
} from '../../../../src/core/vsphere/schema/schema.ts';
import { compareVersions, isKnownTo } from '../../../../src/core/vsphere/schema/versions.ts';
import { vimVersions } from '../../../../src/core/vsphere/schema/vimVersions.ts';

describe('what a version of the API has', () => {
  const names = (version: string, type: string) => fieldsIn(version, type).map(({ name }) => name);

  test('grows with it, and never past the table', () => {
    for (const { name } of allDataTypes()) {
      const [oldest, older, newest] = ['5.5', '7.0.0.0', schemaVersion].map(version => names(version, name));
      expect(newest).toEqual(fieldsOf(name).map(field => field.name));
      expect(newest).toEqual(expect.arrayContaining(older!));
      expect(older).toEqual(expect.arrayContaining(oldest!));
    }
  });

  test.each([
    ['VirtualMachineConfigInfo', 'keyId', '6.0', '6.5'],
    ['GuestDiskInfo', 'mappings', '6.7.3', '7.0.0.0'],
    ['NoPermission', 'missingPrivileges', '7.0.3.1', '7.0.3.2'],
    ['VirtualMachineConfigInfo', 'metroFtEnabled', '8.0.2.0', '8.0.3.0'],
    // A field of a type that is newer than the API came with the type.
    ['VirtualNVMEController', 'sharedBus', '8.0.1.0', '8.0.2.0'],
  ])('%s.%s: not %s, but %s', (type, field, before, since) => {
    expect(names(before, type)).not.toContain(field);
    expect(names(since, type)).toContain(field);
  });

  test('a type it lacks is to it the nearest base it has', () => {
    expect(nearestTypeIn('6.0', 'VirtualNVMEController')).toBe('VirtualController');
    expect(nearestTypeIn('6.5', 'VirtualNVMEController')).toBe('VirtualNVMEController');
    expect(nearestTypeIn('6.5', 'PasswordExpired')).toBe('InvalidLogin');
  });

  test('a path leads through what it has', () => {
    expect(isPathIn('6.5', 'VirtualMachine', 'runtime.cryptoState')).toBe(false);
    expect(isPathIn('6.7', 'VirtualMachine', 'runtime.cryptoState')).toBe(true);
    expect(isPathIn('5.5', 'VirtualMachine', 'config.hardware.device[2000].backing')).toBe(true);
    expect(isPathIn('5.5', 'VirtualMachine', 'what.the.table.does.not.know')).toBe(true);
  });

  test('operations come with one too', () => {
    expect(isKnownTo('6.0', operation('CreateSnapshotEx_Task'))).toBe(false);
    expect(isKnownTo('6.5', operation('CreateSnapshotEx_Task'))).toBe(true);
    expect(isKnownTo('5.5', operation('CreateSnapshot_Task'))).toBe(true);
  });

  test('the table names nothing that is not in the schema', () => {
    const known = new Map([
      ...[...allDataTypes(), ...allManagedTypes()].map(
        ({ name, ownFields }) => [name, namesOf(ownFields)] as const,
      ),
      ...allOperations().map(({ name, parameters }) => [name, namesOf(parameters)] as const),
    ]);
    const operations = new Set(allOperations().map(({ name }) => name));
    const lines = vimVersions
      .replaceAll(/,\n {4,}/g, ', ')
      .split('\n')
      .filter(line => line.startsWith(' '));
    expect(lines.length).toBeGreaterThan(100);
    for (const line of lines) {
      const [owner = '', rest = ''] = line.trim().split(/ (.*)/);
      for (const name of rest.split(', ')) {
        if (owner === 'types') expect([...known.keys()]).toContain(name);
        else if (owner === 'operations') expect([...operations]).toContain(name);
        else expect([...(known.get(owner) ?? [])], owner).toContain(name);
      }
    }
  });
});

describe('a request for an older server', () => {
  const spec = {
    name: 'a',
    sgxInfo: { epcSize: 1, requireAttestation: true },
    deviceChange: [
      { operation: 'add', device: { _type: 'VirtualNVMEController', key: -1, busNumber: 0 } },
      { operation: 'add', device: { _type: 'VirtualAHCIController', key: -2, busNumber: 0, numaNode: 1 } },
    ],
  };
  const fitted = (version: string) => fittedTo(version, fieldsOf('VirtualMachineConfigSpec'), spec, 'spec');

  test('has all of it where the server is new enough', () => {
    expect(fitted(schemaVersion)).toEqual({ value: spec, leftOut: [] });
  });

  test('has no field and no object that the server does not know, and names what is missing', () => {
    expect(fitted('7.0.0.0').leftOut).toEqual([
      'spec.deviceChange[1].device.numaNode',
      'spec.sgxInfo.requireAttestation',
    ]);
    const old = fitted('6.0');
    expect(old.leftOut).toEqual([
      'spec.deviceChange[0].device',
      'spec.deviceChange[1].device.numaNode',
      'spec.sgxInfo',
    ]);
    expect(old.value).toEqual({
      name: 'a',
      sgxInfo: undefined,
      deviceChange: [
        { operation: 'add', device: undefined },
        {
          operation: 'add',
          device: { _type: 'VirtualAHCIController', key: -2, busNumber: 0, numaNode: undefined },
        },
      ],
    });
  });
});

describe('what a server can do', () => {
  const vcenter = (apiVersion: string) => ({ apiType: 'VirtualCenter', apiVersion });

  test('a current vCenter lacks nothing', () => {
    expect(missingCapabilities(vcenter('8.0.3.0'))).toEqual([]);
    expect(missingCapabilities(vcenter('9.0.0.0'))).toEqual([]);
  });

  test('a host on its own has no tags and no choice of places', () => {
    expect(missingCapabilities({ apiType: 'HostAgent', apiVersion: '8.0.3.0' })).toEqual([
      'placement',
      'tags',
    ]);
  });

  test.each([
    ['5.5', false, true],
    ['6.0', false, true],
    ['6.5', true, true],
    ['10.0', true, true],
  ])('version %s: quiescing by specification %s, export of snapshots %s', (version, specs, exports) => {
    expect(hasCapability(vcenter(version), 'quiesceSpec')).toBe(specs);
    expect(hasCapability(vcenter(version), 'exportSnapshot')).toBe(exports);
  });
});

test('versions compare by numbers', () => {
  expect(compareVersions('6.10', '6.9')).toBeGreaterThan(0);
  expect(compareVersions('6.5', '6.5.0.0')).toBe(0);
});

function namesOf(fields: readonly Field[]): Set<string> {
  return new Set(fields.map(({ name }) => name));
}
