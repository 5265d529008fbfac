import { AppError } from '../base/errors.ts';
import { compareVersions } from '../core/vsphere/schema/versions.ts';
import type { ClientVersion } from './greetClient.ts';

/** What becomes of a client, and of the worker because of it. */
export type Admission =
  /** Both go on. */
  | 'welcome'
  /** Both go on, and the worker ends once its jobs have. */
  | 'welcome-for-now'
  /** The worker ends now. */
  | 'leave';

/**
 * A newer client gets a newer worker as soon as no job is disturbed by it; an older one works with a newer worker as
 * long as both speak the same protocol.
 * @throws UNSUPPORTED_FORMAT for a client whose protocol is older; CONFLICT, retryable, for one whose protocol is newer
 *   while jobs run
 */
export function admission(client: ClientVersion, worker: ClientVersion, runningJobs: number): Admission {
  if (client.protocolVersion < worker.protocolVersion) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `the background worker is of the newer version ${worker.productVersion}, this is ${client.productVersion}`,
      { object: 'background worker', remedy: 'Reload the window, so that it uses the new version as well' },
    );
  }
  const speaksSame = client.protocolVersion === worker.protocolVersion;
  const isNewer = !speaksSame || compareVersions(client.productVersion, worker.productVersion) > 0;
  if (!isNewer) return 'welcome';
  if (runningJobs === 0) return 'leave';
  if (speaksSame) return 'welcome-for-now';
  throw new AppError(
    'CONFLICT',
    `the background worker of the older version ${worker.productVersion} still has ${runningJobs} jobs to finish`,
    {
      object: 'background worker',
      remedy: 'Try again when they have ended: the new version takes over then',
      retryable: true,
    },
  );
}
