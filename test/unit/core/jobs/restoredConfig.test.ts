import { describe, expect, test } from 'vitest';

import { ovfDescriptor } from '../../../../src/core/jobs/restoreVm/ovfDescriptor.ts';
import { type RestoreChoices, restoredConfig } from '../../../../src/core/jobs/restoreVm/restoredConfig.ts';
import { inWireOrder } from '../../../../src/core/vsphere/schema/order.ts';
import { sampleVmConfig } from '../../../support/vmConfigs.ts';

const choices: RestoreChoices = {
  name: 'db01-restored',
  networks: new Map(),
  connectNetworks: false,
  vmPathName: '[ds2]',
  diskKeys: new Set([2000]),
  apiVersion: '8.0.3.0',
};

describe('the specification of a restored VM', () => {
  const { spec, changes } = restoredConfig(sampleVmConfig(), choices);
  const devices = (spec.deviceChange ?? []).map(change => change.device);
  const byType = (type: string) => devices.find(device => device._type === type);

  test('carries what describes the VM', () => {
    expect(spec).toMatchObject({
      name: 'db01-restored',
      version: 'vmx-20',
      guestId: 'debian12_64Guest',
      annotation: 'owner: team-db',
      firmware: 'efi',
      numCPUs: 4,
      numCoresPerSocket: 2,
      memoryMB: 8192,
      changeTrackingEnabled: true,
      flags: { diskUuidEnabled: true },
      powerOpInfo: { powerOffType: 'soft' },
      files: { vmPathName: '[ds2]' },
    });
  });

  test.each(['uuid', 'instanceUuid', 'locationId', 'createDate', 'changeVersion'])(
    'has no %s of the original',
    field => {
      expect(spec).not.toHaveProperty(field);
    },
  );

  test('keeps settings of the guest, not those of the host or the identity', () => {
    expect(spec.extraConfig?.map(({ key }) => key)).toEqual(['disk.EnableUUID', 'guestinfo.role']);
  });

  test('makes new disks, thin and persistent, where the old ones hung', () => {
    const controller = byType('ParaVirtualSCSIController');
    expect(controller).not.toHaveProperty('device');
    expect(byType('VirtualDisk')).toEqual({
      _type: 'VirtualDisk',
      key: expect.any(Number) as number,
      controllerKey: controller?.key,
      unitNumber: 0,
      capacityInKB: 1_048_576,
      capacityInBytes: 1_073_741_824,
      backing: {
        _type: 'VirtualDiskFlatVer2BackingInfo',
        fileName: '[ds2]',
        diskMode: 'persistent',
        thinProvisioned: true,
      },
    });
  });

  test('gives a network card a new address and, unless asked, no connection', () => {
    expect(byType('VirtualVmxnet3')).toMatchObject({
      addressType: 'assigned',
      connectable: { startConnected: false },
    });
    expect(byType('VirtualVmxnet3')).not.toHaveProperty('macAddress');
  });

  test('leaves built-in devices to the server', () => {
    expect(devices.map(device => device._type)).not.toContain('VirtualKeyboard');
    expect(byType('VirtualCdrom')).toMatchObject({ controllerKey: 200 });
  });

  test('refers within itself only, and no two devices share a key', () => {
    const keys = devices.map(device => device.key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { controllerKey } of devices) {
      if (controllerKey !== undefined && controllerKey !== 100) expect(keys).toContain(controllerKey);
    }
  });

  test('names every difference', () => {
    expect(changes.map(({ field }) => field)).toEqual([
      'Hard disk 1',
      'Hard disk 2',
      'Network adapter 1 MAC address',
      'Network adapter 1 connection',
      'Virtual TPM',
      'extraConfig vm.genid',
      'extraConfig vm.genidX',
      'extraConfig uuid.action',
      'extraConfig sched.swap.derivedName',
      'extraConfig scsi0:0.ctkEnabled',
      'uuid',
      'instanceUuid',
      'locationId',
      'name',
    ]);
  });

  test('is made of fields the API knows', () => {
    expect(() => inWireOrder('VirtualMachineConfigSpec', spec, 'spec')).not.toThrow();
  });
});

describe('for an older server', () => {
  test('what it does not know is left out and named', () => {
    const config = sampleVmConfig({ sevEnabled: false, vmxStatsCollectionEnabled: true });
    const { spec, changes } = restoredConfig(config, { ...choices, apiVersion: '6.5' });
    expect(spec).not.toHaveProperty('sevEnabled', false);
    const reason = 'version 6.5 of the API does not know it; left out';
    expect(changes).toContainEqual({ field: 'sevEnabled', reason });
    expect(changes).toContainEqual({ field: 'vmxStatsCollectionEnabled', reason });
  });

  test('a disk on a controller that it does not know is refused', () => {
    const config = sampleVmConfig();
    const device = config.hardware.device!.map(one =>
      one.key === 1000 ? { ...one, _type: 'VirtualNVMEController' } : one,
    );
    const onNvme = { ...config, hardware: { ...config.hardware, device } };
    expect(() => restoredConfig(onNvme, { ...choices, apiVersion: '6.0' })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringContaining('is on SCSI controller 0, which version 6.0') as string,
      }),
    );
    expect(() => restoredConfig(onNvme, { ...choices, apiVersion: '6.5' })).not.toThrow();
  });
});

test('a network is mapped by the name it had', () => {
  const target = { _type: 'VirtualEthernetCardNetworkBackingInfo', deviceName: 'isolated' };
  const networks = new Map([['VM Network & more', target]]);
  const { spec } = restoredConfig(sampleVmConfig(), { ...choices, networks, connectNetworks: true });
  const card = spec.deviceChange
    ?.map(change => change.device)
    .find(device => device._type === 'VirtualVmxnet3');
  expect(card).toMatchObject({ backing: target, connectable: { startConnected: true } });
});

test('the descriptor escapes names and connects disks, controllers and networks', () => {
  const text = ovfDescriptor(sampleVmConfig(), 'db01 <new>', [
    { deviceKey: 2000, capacityBytes: 1_073_741_824, fileName: 'disk-2000.vmdk' },
  ]);
  expect(text).toContain('<VirtualSystem ovf:id="db01 &lt;new&gt;">');
  expect(text).toContain('<Network ovf:name="VM Network &amp; more"/>');
  expect(text).toContain(
    '<rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk 1</rasd:ElementName><rasd:HostResource>ovf:/disk/disk0</rasd:HostResource><rasd:InstanceID>2003</rasd:InstanceID><rasd:Parent>1003</rasd:Parent>',
  );
  expect(text).toContain('<rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>');
});
