import { guestRowOf } from '../guestMatrix.ts';
import type { Rule } from '../rule.ts';
import { all, known } from '../truth.ts';

/** What the guest is taken for, and what it is. */
export const guestRules: readonly Rule[] = [
  {
    id: 'GOS-01',
    certainty: 'likely',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestId, reportedGuestId }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(reportedGuestId, reported => guestRowOf(reported) !== guestRowOf(guestId ?? '')),
      ),
    reason: 'configured for another guest',
    text: 'The VM is configured for another operating system than VMware Tools report',
    remedy:
      'Set the VM’s guest OS version to what is really installed: the host decides by it how VSS is used',
    question: 'which operating system is really installed',
  },
  {
    id: 'OS-LINUX-SUPPORT',
    certainty: 'certain',
    concerns: 'quiescing',
    applies: (_, { guest }) => known(guest.family, family => family === 'linux'),
    reason: 'VMware’s statement',
    text: 'VMware itself supports only crash-consistent backups of Linux, and more through scripts of your own',
    question: 'the guest’s operating system',
  },
  {
    id: 'VER-02',
    certainty: 'likely',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ guestId, host }) =>
      all(
        known(guestId, id => id === 'windows2019srvNext_64Guest'),
        known(host, ({ version, build }) => version.startsWith('7.0.') && build === 19_193_900),
      ),
    reason: 'fault of the ESXi version',
    text: 'ESXi 7.0 Update 3c does not show disk UUIDs to this guest',
    remedy: 'Add disk.EnableUUID=TRUE to the VM, or upgrade the host',
    question: 'the version of the ESXi host',
  },
];
