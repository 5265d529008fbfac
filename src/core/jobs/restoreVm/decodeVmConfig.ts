import { JsonReader } from '../../../base/jsonReader.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';

/**
 * The VM's configuration from its JSON text in a restore point. It is what a server once sent, kept whole; only what
 * a restore cannot do without is checked here, the rest is checked against the API's table when it is sent.
 */
export function decodeVmConfig(text: string, document: string): Vim<'VirtualMachineConfigInfo'> {
  const json = JsonReader.parse(text, document);
  for (const field of ['name', 'guestId', 'guestFullName', 'version', 'uuid']) json.string(field);
  const hardware = json.object('hardware');
  hardware.count('numCPU');
  hardware.count('memoryMB');
  json.object('files');
  json.object('defaultPowerOps');
  for (const device of hardware.objects('device')) {
    device.string('_type');
    device.count('key');
  }
  return JSON.parse(text) as Vim<'VirtualMachineConfigInfo'>;
}
