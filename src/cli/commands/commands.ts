import type { Command } from '../command.ts';
import { auditCommand } from './audit.ts';
import { backup } from './backup.ts';
import { cat, list } from './browse.ts';
import { explain, report } from './consistency.ts';
import { goalAccept, goalList, goalRemove, goalSet } from './goal.ts';
import { findCommand } from './find.ts';
import { forgetCommand, pinCommand, unpinCommand } from './forget.ts';
import { guardCommand } from './guard.ts';
import { lookCommand } from './look.ts';
import { vcenterPrivileges } from './privileges.ts';
import { points } from './points.ts';
import { restoreDiskCommand } from './restoreDisk.ts';
import { restoreFileCommand } from './restoreFile.ts';
import { restoreGuestCommand } from './restoreGuest.ts';
import { restoreVmCommand } from './restoreVm.ts';
import { repositoryInit, repositoryList, repositoryOpen, repositoryRemove } from './repository.ts';
import { repositoryCheck } from './repositoryCheck.ts';
import { repositoryCopy } from './repositoryCopy.ts';
import { repositoryKit } from './repositoryKit.ts';
import { keyAdd, keyList, keyRemove, repositoryPassword, repositoryUnlock } from './repositoryKeys.ts';
import { repositoryPrune } from './repositoryPrune.ts';
import { repositoryRebuildIndex, repositoryRepair } from './repositoryRepair.ts';
import { statCommand } from './stat.ts';
import { vcenterAdd, vcenterList } from './vcenter.ts';
import { versions } from './versions.ts';
import { vms } from './vms.ts';

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  vcenterAdd,
  vcenterList,
  vcenterPrivileges,
  vms,
  explain,
  lookCommand,
  report,
  goalSet,
  goalList,
  goalAccept,
  goalRemove,
  repositoryInit,
  repositoryOpen,
  repositoryList,
  repositoryRemove,
  repositoryCheck,
  repositoryRepair,
  repositoryRebuildIndex,
  repositoryPrune,
  repositoryCopy,
  keyList,
  keyAdd,
  keyRemove,
  repositoryPassword,
  repositoryUnlock,
  repositoryKit,
  backup,
  points,
  list,
  cat,
  statCommand,
  findCommand,
  versions,
  restoreFileCommand,
  restoreGuestCommand,
  restoreDiskCommand,
  restoreVmCommand,
  forgetCommand,
  pinCommand,
  unpinCommand,
  auditCommand,
  guardCommand,
];
