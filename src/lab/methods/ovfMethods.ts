import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { textIn } from '../model/managedObject.ts';
import { describeVmAsOvf, type ExportedFile } from '../ovf/describeVm.ts';
import { planImport } from '../ovf/importSpec.ts';
import { OvfError, parseOvf } from '../ovf/ovfDescriptor.ts';
import { VimFault } from '../soap/vimFault.ts';
import { XmlError } from '../soap/xmlTree.ts';
import type { LabContext } from '../labContext.ts';
import { LabVm } from '../model/labVm.ts';
import { instanceOf, type MethodCall, type MethodTable } from './methodCall.ts';

export const ovfMethods: MethodTable = {
  CreateImportSpec: { on: 'OvfManager', answer: createImportSpec },
  CreateDescriptor: { on: 'OvfManager', answer: createDescriptor },
};

/** Of a VM as it is, or as it was at the snapshot that was exported. */
function createDescriptor({ lab, parameters }: MethodCall): PlainObject {
  const vm = instanceOf(lab.registry.get(parameters['obj'] as MoRef), LabVm);
  const wishes = parameters['cdp'] as PlainObject;
  const snapshot = wishes['snapshot'] as MoRef | undefined;
  const described = snapshot === undefined ? vm : lab.registry.get(snapshot);
  const files = (wishes['ovfFiles'] ?? []) as readonly ExportedFile[];
  const name = textIn(wishes, 'name') ?? vm.name;
  const config = described.property('config') as PlainObject;
  return { ovfDescriptor: describeVmAsOvf({ name, config }, files) };
}

/** What is wrong with the descriptor is part of the answer, not a fault of the call. */
function createImportSpec({ lab, parameters }: MethodCall): PlainObject {
  const wishes = parameters['cisp'] as PlainObject;
  lab.registry.get(parameters['resourcePool'] as MoRef);
  const datastore = lab.registry.get(parameters['datastore'] as MoRef);
  try {
    const ovf = parseOvf(parameters['ovfDescriptor'] as string);
    const { importSpec, fileItem } = planImport(ovf, {
      entityName: textIn(wishes, 'entityName') ?? '',
      networks: networksFor(lab, ovf.networks, (wishes['networkMapping'] ?? []) as readonly NetworkMapping[]),
      thin: textIn(wishes, 'diskProvisioning') === 'thin',
      vmPathName: `[${datastore.property('name') as string}]`,
    });
    return { importSpec, fileItem };
  } catch (error) {
    return { error: [descriptorFault(error).toLocalized()] };
  }
}

interface NetworkMapping {
  readonly name: string;
  readonly network: MoRef;
}

/** By the client's mapping, else by name, else the first there is. */
function networksFor(
  lab: LabContext,
  names: readonly string[],
  mappings: readonly NetworkMapping[],
): Map<string, MoRef> {
  const found = new Map<string, MoRef>();
  const [first] = lab.inventory.networks.values();
  for (const name of names) {
    const mapped = mappings.find(mapping => mapping.name === name)?.network;
    const network = mapped ?? lab.inventory.networks.get(name) ?? first;
    if (network !== undefined) found.set(name, network);
  }
  return found;
}

function descriptorFault(error: unknown): VimFault {
  if (error instanceof XmlError)
    return new VimFault('OvfXmlFormat', `OVF descriptor: ${error.message}`, {
      lineNumber: 0,
      description: error.message,
    });
  if (!(error instanceof OvfError)) throw error;
  const { line: lineNumber, element, message, faultType } = error;
  return faultType === 'OvfMissingElement'
    ? new VimFault(faultType, message, { lineNumber, name: element })
    : new VimFault(faultType, message, { lineNumber, elementName: '', attributeName: element, value: '' });
}
