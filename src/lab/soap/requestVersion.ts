import { compareVersions } from '../../core/vsphere/schema/versions.ts';
import { spokenVersions, type Personality } from '../personality.ts';

/**
 * The version a client speaks, which its SOAPAction names: answers hold nothing newer. One that names none, or a newer one
 * than the server has, hears what the server has; clients in the field send their own newest version to every server.
 */
export function requestVersion(soapAction: string | undefined, { apiVersion }: Personality): string {
  const [, version] = /^"?urn:(?:vim25|internalvim25)\/([\d.]+)"?$/.exec(soapAction ?? '') ?? [];
  return version === undefined || compareVersions(version, apiVersion) > 0 ? apiVersion : version;
}

/** `/sdk/vimServiceVersions.xml`: what the server speaks. */
export function serviceVersions(personality: Personality): string {
  const [newest = '', ...prior] = spokenVersions(personality);
  const versions = prior.map(version => `<version>${version}</version>`).join('');
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<namespaces version="1.0">\n' +
    `<namespace><name>urn:vim25</name><version>${newest}</version><priorVersions>${versions}</priorVersions></namespace>\n` +
    '</namespaces>\n'
  );
}
