import { commands, type Disposable, type Uri } from 'vscode';

import type { JobDto } from '../../protocol/job.ts';
import type { Host } from '../host.ts';
import { type CommandId, commandIds } from '../ids.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import type { VmNode, VmTreeNode, WantedRemedy } from '../model/vmTreeModel.ts';
import { applyRemedy, resetTracking } from './applyRemedy.ts';
import { filterVms, groupVms } from './arrangeVms.ts';
import { backUpGroup } from './backupGroup.ts';
import { backUpNow, takeQuiescedSnapshot } from './backups.ts';
import { checkRepository } from './checkRepository.ts';
import { checkPrivileges } from './checkPrivileges.ts';
import { consistencyReport } from './consistencyReport.ts';
import { guardSnapshots } from './guardSnapshots.ts';
import type { JobTreeNode } from '../model/jobModel.ts';
import { cancelJob, pauseJob, resumeJob, retryJob, showJobLog } from './jobs.ts';
import { explainConsistency } from './explainConsistency.ts';
import { lookIntoGuest } from './lookIntoGuest.ts';
import { compareFolder } from './compareFolder.ts';
import { findFiles } from './findFiles.ts';
import { openGuestFile } from './openGuestFile.ts';
import { openRestoreBrowser } from './openRestoreBrowser.ts';
import { forgetPoints, makeRecoveryKit, pruneRepository, unlockRepository } from './maintainRepository.ts';
import { enterPassword } from './passwords.ts';
import { planBackup } from './planBackup.ts';
import { acceptRecoveryGap, setRecoveryGoal } from './recoveryGoals.ts';
import { createRepository, forgetRepository, openRepository } from './repositories.ts';
import {
  addRepositoryPassword,
  changePasswordOfRepository,
  listRepositoryPasswords,
  removeRepositoryPassword,
} from './repositoryPasswords.ts';
import { restoreDisk } from './restoreDisk.ts';
import { restoreGuestFile } from './restoreFiles.ts';
import { forgetGuestCredentials, restoreToGuest } from './restoreToGuest.ts';
import { restoreVm } from './restoreVm.ts';
import { showCapabilities } from './showCapabilities.ts';
import { showFileDetails } from './showFileDetails.ts';
import { showFileVersions } from './showFileVersions.ts';
import { showGlossary } from './showGlossary.ts';
import { showRecovery } from './showRecovery.ts';
import { tryLab } from './tryLab.ts';
import { unlockEncryptedVolumes } from './unlockVolumes.ts';
import { addVCenter, removeVCenter } from './vcenters.ts';

/** What the menus give: the row it was called on and all that are selected; nothing from the palette. */
type Handler = (host: Host, row: unknown, selected: unknown) => Promise<void> | void;

const handlers: Readonly<Record<CommandId, Handler>> = {
  [commandIds.addVCenter]: async (host, row) => await addVCenter(host, row as VmTreeNode | undefined),
  [commandIds.removeVCenter]: async (host, row) => await removeVCenter(host, row as VmTreeNode | undefined),
  [commandIds.createRepository]: createRepository,
  [commandIds.openRepository]: openRepository,
  [commandIds.forgetRepository]: async (host, row) =>
    await forgetRepository(host, row as PointTreeNode | undefined),
  [commandIds.checkRepository]: async (host, row) =>
    await checkRepository(host, row as PointTreeNode | undefined),
  [commandIds.forgetPoints]: async (host, row) => await forgetPoints(host, row as PointTreeNode | undefined),
  [commandIds.pruneRepository]: async (host, row) =>
    await pruneRepository(host, row as PointTreeNode | undefined),
  [commandIds.unlockRepository]: async (host, row) =>
    await unlockRepository(host, row as PointTreeNode | undefined),
  [commandIds.makeRecoveryKit]: async (host, row) =>
    await makeRecoveryKit(host, row as PointTreeNode | undefined),
  [commandIds.listRepositoryPasswords]: async (host, row) =>
    await listRepositoryPasswords(host, row as PointTreeNode | undefined),
  [commandIds.addRepositoryPassword]: async (host, row) =>
    await addRepositoryPassword(host, row as PointTreeNode | undefined),
  [commandIds.removeRepositoryPassword]: async (host, row) =>
    await removeRepositoryPassword(host, row as PointTreeNode | undefined),
  [commandIds.changeRepositoryPassword]: async (host, row) =>
    await changePasswordOfRepository(host, row as PointTreeNode | undefined),
  [commandIds.enterPassword]: async (host, row) =>
    await enterPassword(host, row as VmTreeNode | PointTreeNode | undefined),
  [commandIds.backUpNow]: async (host, row, selected) => await backUpNow(host, vmsOf(row, selected)),
  [commandIds.planBackup]: async (host, row) => await planBackup(host, vmsOf(row, undefined)[0]),
  [commandIds.backUpGroup]: async (host, row, selected) => await backUpGroup(host, vmsOf(row, selected)),
  [commandIds.takeQuiescedSnapshot]: async (host, row) =>
    await takeQuiescedSnapshot(host, vmsOf(row, undefined)[0]),
  [commandIds.explainConsistency]: async (host, row) =>
    await explainConsistency(host, vmsOf(row, undefined)[0]),
  [commandIds.lookIntoGuest]: async (host, row) => await lookIntoGuest(host, vmsOf(row, undefined)[0]),
  [commandIds.showRecovery]: async (host, row) => await showRecovery(host, vmsOf(row, undefined)[0]),
  [commandIds.setRecoveryGoal]: async (host, row, selected) =>
    await setRecoveryGoal(host, vmsOf(row, selected)),
  [commandIds.acceptRecoveryGap]: async (host, row) =>
    await acceptRecoveryGap(host, vmsOf(row, undefined)[0]),
  [commandIds.consistencyReport]: async (host, row) =>
    await consistencyReport(host, row as VmTreeNode | undefined),
  [commandIds.showGlossary]: showGlossary,
  [commandIds.applyRemedy]: async (host, row) =>
    await applyRemedy(host, row as VmNode | WantedRemedy | undefined),
  [commandIds.resetTracking]: async (host, row) => await resetTracking(host, row as VmNode | undefined),
  [commandIds.checkPrivileges]: async (host, row) =>
    await checkPrivileges(host, row as VmTreeNode | undefined),
  [commandIds.showCapabilities]: async (host, row) =>
    await showCapabilities(host, row as VmTreeNode | undefined),
  [commandIds.guardSnapshots]: async (host, row) => await guardSnapshots(host, row as VmTreeNode | undefined),
  [commandIds.cancelJob]: async (host, row) => await cancelJob(host, row as JobTreeNode | undefined),
  [commandIds.pauseJob]: async (host, row) => await pauseJob(host, row as JobDto | undefined),
  [commandIds.resumeJob]: async (host, row) => await resumeJob(host, row as JobDto | undefined),
  [commandIds.retryJob]: async (host, row) => await retryJob(host, row as JobTreeNode | undefined),
  [commandIds.showJobLog]: async (host, row) => await showJobLog(host, row as JobDto | undefined),
  [commandIds.restoreGuestFile]: async (host, row) =>
    await restoreGuestFile(host, row as PointTreeNode | GuestSelection | undefined),
  [commandIds.restoreToGuest]: async (host, row) =>
    await restoreToGuest(host, row as PointTreeNode | GuestSelection | undefined),
  [commandIds.unlockVolumes]: async (host, row) =>
    await unlockEncryptedVolumes(host, row as PointTreeNode | undefined),
  [commandIds.forgetGuestCredentials]: forgetGuestCredentials,
  [commandIds.restoreDisk]: async (host, row) => await restoreDisk(host, row as PointTreeNode | undefined),
  [commandIds.restoreVm]: async (host, row) => await restoreVm(host, row as PointTreeNode | undefined),
  [commandIds.openGuestFile]: async (host, row) =>
    await openGuestFile(host, row as PointTreeNode | undefined),
  [commandIds.findFiles]: async (host, row) => await findFiles(host, row as PointTreeNode | undefined),
  [commandIds.compareFolder]: async (host, row) =>
    await compareFolder(host, row as PointTreeNode | GuestSelection | undefined),
  [commandIds.showFileDetails]: async (host, row) =>
    await showFileDetails(host, row as PointTreeNode | GuestSelection | undefined),
  [commandIds.showFileVersions]: async (host, row) =>
    await showFileVersions(host, row as PointTreeNode | Uri | undefined),
  [commandIds.groupVms]: groupVms,
  [commandIds.filterVms]: filterVms,
  [commandIds.clearVmFilter]: host => host.vmView.show(undefined),
  [commandIds.openRestoreBrowser]: (host, row) => openRestoreBrowser(host, row as PointTreeNode | undefined),
  [commandIds.tryLab]: tryLab,
  [commandIds.refresh]: host => host.refresh(),
  [commandIds.showLog]: host => host.log.show(),
};

/** A command that fails says so in one way, and can be tried again from there. */
export function registerCommands(host: Host): Disposable[] {
  return Object.entries(handlers).map(([id, handler]) =>
    commands.registerCommand(id, async (row: unknown, selected: unknown) => {
      const run = async () => {
        try {
          await handler(host, row, selected);
        } catch (error) {
          await host.notifier.failure(error, run);
        }
      };
      await run();
    }),
  );
}

function vmsOf(row: unknown, selected: unknown): readonly VmNode[] {
  const rows: readonly unknown[] = Array.isArray(selected) ? selected : [row];
  return rows.filter(
    (candidate): candidate is VmNode => (candidate as VmTreeNode | undefined)?.kind === 'vm',
  );
}
