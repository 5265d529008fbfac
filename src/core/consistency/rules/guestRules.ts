import { isOlderHost } from '../hostVersion.ts';
import { guestRowOf } from '../matrix/guestMatrix.ts';
import type { Rule } from '../rule.ts';
import { all, known, not } from '../truth.ts';

/** What the guest is taken for, and what it is. */
export const guestRules: readonly Rule[] = [
  {
    id: 'GOS-01',
    certainty: 'likely',
    source: 'guest-validation',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestId, reportedGuestId }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(
          reportedGuestId,
          reported => reported !== guestId && guestRowOf(reported) !== guestRowOf(guestId ?? ''),
        ),
      ),
    reason: 'configured for another guest',
    text: 'The VM is configured for another operating system than VMware Tools report',
    remedy:
      'Set the VM’s guest OS version to what is really installed: the host decides by it how VSS is used',
    question: 'which operating system is really installed',
  },
  {
    id: 'GOS-02',
    certainty: 'likely',
    source: 'inference',
    concerns: 'quiescing',
    doubtsAbove: 'crash',
    // Never a finding of its own: what VMware Tools report is compared by GOS-01.
    applies: ({ reportedGuestId }, { guest }) =>
      all(
        known(guest.family, family => family !== 'other'),
        known(reportedGuestId, () => false),
      ),
    reason: 'guest not seen',
    text: 'VMware Tools have never reported what runs in this VM',
    remedy: 'Start the VM with VMware Tools once',
    question: 'which operating system is really installed',
  },
  {
    id: 'OS-LINUX-SUPPORT',
    certainty: 'certain',
    source: 'vddk-linux',
    concerns: 'quiescing',
    applies: (_, { guest }) => known(guest.family, family => family === 'linux'),
    reason: 'VMware’s statement',
    text: 'VMware itself supports only crash-consistent backups of Linux, and more through scripts of your own',
    question: 'the guest’s operating system',
  },
  {
    id: 'VER-01',
    certainty: 'certain',
    source: 'vsphere-api',
    concerns: 'quiescing',
    applies: ({ host }) => isOlderHost(host, '6.5'),
    reason: 'no options for quiescing',
    text: 'This version of ESXi knows neither a time-out for quiescing nor how logs are to be treated',
    remedy: 'Upgrade vCenter and ESXi to 6.5 or later',
    question: 'the version of the ESXi host',
  },
  {
    id: 'VER-02',
    certainty: 'likely',
    source: 'guest-validation',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestId, host, diskUuidEnabled }) =>
      all(
        not(diskUuidEnabled),
        known(guestId, id => id === 'windows2019srvNext_64Guest'),
        known(host, ({ version, build }) => version.startsWith('7.0.') && build === 19_193_900),
      ),
    reason: 'fault of the ESXi version',
    text: 'ESXi 7.0 Update 3c does not show disk UUIDs to this guest',
    remedy: 'Add disk.EnableUUID=TRUE to the VM, or upgrade the host',
    question: 'the version of the ESXi host',
  },
  {
    id: 'VER-03',
    certainty: 'likely',
    source: 'guest-validation',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ host }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(host, ({ isArm = false }) => isArm),
      ),
    reason: 'ESXi on ARM',
    text: 'VMware Tools for Windows on ARM have no component for VSS',
    question: 'the version of the ESXi host',
  },
];
