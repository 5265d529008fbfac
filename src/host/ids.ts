/** Every name that the manifest and the code share. A test compares them with package.json. */

export const commandIds = {
  addVCenter: 'quiesce.addVCenter',
  removeVCenter: 'quiesce.removeVCenter',
  createRepository: 'quiesce.createRepository',
  openRepository: 'quiesce.openRepository',
  forgetRepository: 'quiesce.forgetRepository',
  checkRepository: 'quiesce.checkRepository',
  forgetPoints: 'quiesce.forgetPoints',
  pruneRepository: 'quiesce.pruneRepository',
  unlockRepository: 'quiesce.unlockRepository',
  makeRecoveryKit: 'quiesce.makeRecoveryKit',
  listRepositoryPasswords: 'quiesce.listRepositoryPasswords',
  addRepositoryPassword: 'quiesce.addRepositoryPassword',
  removeRepositoryPassword: 'quiesce.removeRepositoryPassword',
  changeRepositoryPassword: 'quiesce.changeRepositoryPassword',
  enterPassword: 'quiesce.enterPassword',
  forgetGuestCredentials: 'quiesce.forgetGuestCredentials',
  backUpNow: 'quiesce.backUpNow',
  backUpGroup: 'quiesce.backUpGroup',
  planBackup: 'quiesce.planBackup',
  takeQuiescedSnapshot: 'quiesce.takeQuiescedSnapshot',
  explainConsistency: 'quiesce.explainConsistency',
  lookIntoGuest: 'quiesce.lookIntoGuest',
  showRecovery: 'quiesce.showRecovery',
  setRecoveryGoal: 'quiesce.setRecoveryGoal',
  acceptRecoveryGap: 'quiesce.acceptRecoveryGap',
  consistencyReport: 'quiesce.consistencyReport',
  showGlossary: 'quiesce.showGlossary',
  applyRemedy: 'quiesce.applyRemedy',
  resetTracking: 'quiesce.resetTracking',
  checkPrivileges: 'quiesce.checkPrivileges',
  showCapabilities: 'quiesce.showCapabilities',
  guardSnapshots: 'quiesce.guardSnapshots',
  cancelJob: 'quiesce.cancelJob',
  pauseJob: 'quiesce.pauseJob',
  resumeJob: 'quiesce.resumeJob',
  retryJob: 'quiesce.retryJob',
  showJobLog: 'quiesce.showJobLog',
  restoreGuestFile: 'quiesce.restoreGuestFile',
  restoreToGuest: 'quiesce.restoreToGuest',
  restoreDisk: 'quiesce.restoreDisk',
  restoreVm: 'quiesce.restoreVm',
  unlockVolumes: 'quiesce.unlockVolumes',
  openGuestFile: 'quiesce.openGuestFile',
  findFiles: 'quiesce.findFiles',
  compareFolder: 'quiesce.compareFolder',
  showFileVersions: 'quiesce.showFileVersions',
  showFileDetails: 'quiesce.showFileDetails',
  groupVms: 'quiesce.groupVms',
  filterVms: 'quiesce.filterVms',
  clearVmFilter: 'quiesce.clearVmFilter',
  openRestoreBrowser: 'quiesce.openRestoreBrowser',
  tryLab: 'quiesce.tryLab',
  refresh: 'quiesce.refresh',
  showLog: 'quiesce.showLog',
} as const;

export type CommandId = (typeof commandIds)[keyof typeof commandIds];

export const viewIds = { vms: 'quiesce.vms', points: 'quiesce.points', jobs: 'quiesce.jobs' } as const;

/** Types of webview panels; the editor brings back what was open under the same name. */
export const panelIds = { restoreBrowser: 'quiesce.restoreBrowser', recovery: 'quiesce.recovery' } as const;

/** Conditions of the manifest's `when` clauses. */
export const contextKeys = {
  hasVCenter: 'quiesce.hasVCenter',
  hasRepository: 'quiesce.hasRepository',
  vmsFiltered: 'quiesce.vmsFiltered',
} as const;

export const settingIds = {
  passwordCommands: 'quiesce.passwordCommands',
  groupVmsBy: 'quiesce.groupVmsBy',
  uploadLimit: 'quiesce.uploadLimit',
  downloadLimit: 'quiesce.downloadLimit',
  compression: 'quiesce.compression',
  packSize: 'quiesce.packSize',
  transfersPerHost: 'quiesce.transfersPerHost',
  transfersPerDatastore: 'quiesce.transfersPerDatastore',
  transfersPerVCenter: 'quiesce.transfersPerVCenter',
  pausedSnapshotMinutes: 'quiesce.pausedSnapshotMinutes',
  notifyWebhook: 'quiesce.notifyWebhook',
  notifyCommand: 'quiesce.notifyCommand',
  metricsFile: 'quiesce.metricsFile',
  fullAfterPoints: 'quiesce.fullAfterPoints',
  fullAfterDays: 'quiesce.fullAfterDays',
  transport: 'quiesce.transport',
  nbdCommand: 'quiesce.nbd.command',
  nbdLibrary: 'quiesce.nbd.library',
  nbdRequestSize: 'quiesce.nbd.requestSize',
  nbdRequests: 'quiesce.nbd.requests',
} as const;

/** Files inside a restore point, files of a running guest, logs of jobs, explanations of VMs, and other pages to read. */
export const schemes = {
  guestFile: 'quiesce',
  liveFile: 'quiesce-live',
  jobLog: 'quiesce-log',
  explanation: 'quiesce-explain',
  page: 'quiesce-page',
} as const;
