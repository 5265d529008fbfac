import { handlersOf } from '../../protocol/rpc/answerRequests.ts';
import type { MessageConnection } from 'vscode-jsonrpc';

import type { WorkerParts } from '../workerParts.ts';
import { serveBackups } from './backups.ts';
import { serveChecks } from './checks.ts';
import { serveDiskRestores } from './diskRestores.ts';
import { serveFileRestores } from './fileRestores.ts';
import { serveGlossary } from './glossary.ts';
import { serveGoals } from './goals.ts';
import { serveGroupBackups } from './groupBackups.ts';
import { serveGuestRestores } from './guestRestores.ts';
import { serveGuests } from './guests.ts';
import { serveGuestSearches } from './guestSearches.ts';
import { serveJobs } from './jobs.ts';
import { serveLiveGuests } from './liveGuests.ts';
import { serveMaintenance } from './maintenance.ts';
import { servePoints } from './points.ts';
import { serveRecoveryKits } from './recoveryKits.ts';
import { serveRecoveries } from './recoveries.ts';
import { serveRemedies } from './remedies.ts';
import { servePrivileges } from './privileges.ts';
import { serveReports } from './reports.ts';
import { serveRepositories } from './repositories.ts';
import { serveRepositoryKeys } from './repositoryKeys.ts';
import { serveSettings } from './settings.ts';
import { serveSnapshots } from './snapshots.ts';
import { serveVCenters } from './vcenters.ts';
import { serveVmRestores } from './vmRestores.ts';
import { serveVms } from './vms.ts';

/**
 * Answers everything a client may ask after the handshake. This folder is the one place where what the core knows
 * becomes what the protocol says.
 */
export function serve(connection: MessageConnection, parts: WorkerParts, gone: AbortSignal): void {
  const handle = handlersOf(connection, gone);
  serveVCenters(handle, parts);
  servePrivileges(handle, parts);
  serveVms(handle, parts);
  serveRepositories(handle, parts);
  servePoints(handle, parts);
  serveGuests(handle, parts);
  serveGuestSearches(handle, parts, gone);
  serveRecoveries(handle, parts);
  serveGoals(handle, parts);
  serveReports(handle, parts);
  serveRemedies(handle, parts);
  serveGlossary(handle);
  serveBackups(handle, parts);
  serveGroupBackups(handle, parts);
  serveSnapshots(handle, parts);
  serveFileRestores(handle, parts);
  serveLiveGuests(handle, parts);
  serveGuestRestores(handle, parts);
  serveDiskRestores(handle, parts);
  serveVmRestores(handle, parts);
  serveChecks(handle, parts);
  serveMaintenance(handle, parts);
  serveRecoveryKits(handle, parts);
  serveRepositoryKeys(handle, parts);
  serveJobs(handle, parts);
  serveSettings(handle, parts);
}
