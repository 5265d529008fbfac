import type { Personality } from '../personality.ts';
import type { PlainObject } from './managedObject.ts';

/** What a server says about itself. A host on its own has no UUID. */
export function aboutServer(personality: Personality, instanceUuid: string): PlainObject {
  const { apiVersion, productVersion, isHost } = personality;
  return isHost
    ? hostProduct(personality)
    : {
        ...productFields,
        name: 'VMware vCenter Server',
        fullName: `Quiesce lab, a simulation of VMware vCenter Server ${productVersion}`,
        version: productVersion,
        osType: 'linux-x64',
        productLineId: 'vpx',
        apiType: 'VirtualCenter',
        apiVersion,
        instanceUuid,
        licenseProductVersion: productVersion.slice(0, 3),
      };
}

export function hostProduct({ apiVersion, productVersion }: Personality): PlainObject {
  return {
    ...productFields,
    name: 'VMware ESXi',
    fullName: `Quiesce lab, a simulation of VMware ESXi ${productVersion}`,
    version: productVersion,
    osType: 'vmnix-x86',
    productLineId: 'embeddedEsx',
    apiType: 'HostAgent',
    apiVersion,
    licenseProductVersion: productVersion.slice(0, 3),
  };
}

const productFields = {
  vendor: 'Quiesce lab (simulation)',
  build: '0',
  localeVersion: 'INTL',
  localeBuild: '000',
  licenseProductName: 'Quiesce lab (simulation)',
};
