import { AppError } from '../../base/errors.ts';
import { isHost } from './capabilities.ts';
import { readObject } from './propertyCollector.ts';
import type { VimSession } from './session.ts';

/** The free edition of a host: everything can be read through the API, nothing changed. */
const freeEdition = /^esxBasic\b/;

/**
 * Whether the license of the server is known to refuse every change, so that a plan can say so before anything is tried.
 * Where the user may not see licenses it is not known; the server then refuses with RestrictedVersion.
 */
export async function isReadOnlyByLicense(session: VimSession, signal: AbortSignal): Promise<boolean> {
  const { about, content } = session;
  if (!isHost(about.apiType) || content.licenseManager === undefined) return false;
  const { licenses } = await readObject(
    session,
    'LicenseManager',
    content.licenseManager,
    ['licenses'],
    signal,
  );
  return licenses !== undefined && licenses.length > 0
    ? licenses.every(({ editionKey }) => freeEdition.test(editionKey))
    : false;
}

/** @param what  what needs a change of the server, for instance `a snapshot` */
export function refusedByLicense(server: string, what: string): AppError {
  return new AppError(
    'PERMISSION',
    `${server} has the free license, with which the API only reads; ${what} is a change`,
    {
      object: server,
      remedy: 'Assign a license to the host that includes the API, or let a vCenter manage it',
    },
  );
}
