import { spokenVersions, type Personality } from '../personality.ts';
import { invalidRequest } from './vimFault.ts';

/**
 * The version a client speaks, which its SOAPAction names: answers hold nothing newer. One that names none hears what
 * the server has.
 * @throws VimFault InvalidRequest for a version the server does not list
 */
export function requestVersion(soapAction: string | undefined, personality: Personality): string {
  const uri = soapAction?.replaceAll('"', '').trim() ?? '';
  const [, version] = /^urn:(?:vim25|internalvim25)\/(.+)$/.exec(uri) ?? [];
  if (version === undefined) return personality.apiVersion;
  if (spokenVersions(personality).includes(version)) return version;
  throw invalidRequest(`Unsupported version URI "${uri}"\n\nwhile parsing SOAP body`);
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
