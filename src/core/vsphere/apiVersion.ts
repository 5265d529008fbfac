import { schemaVersion } from './schema/schema.ts';
import { compareVersions } from './schema/versions.ts';

/**
 * The newest version of the API that both the server and the table know. A server refuses versions it does not list.
 * @param versionsXml  the server's /sdk/vimServiceVersions.xml, or undefined from a server that has none
 */
export function negotiatedVersion(versionsXml: string | undefined): string {
  const listed = [...(versionsXml ?? '').matchAll(/<namespace>([^]*?)<\/namespace>/g)]
    .map(([, namespace = '']) => namespace)
    .filter(namespace => /<name>\s*urn:vim25\s*<\/name>/.test(namespace))
    .flatMap(namespace =>
      [...namespace.matchAll(/<version>\s*([\d.]+)\s*<\/version>/g)].map(match => match[1] ?? ''),
    );
  const usable = listed.filter(version => compareVersions(version, schemaVersion) <= 0);
  return usable.sort(compareVersions).at(-1) ?? schemaVersion;
}
