import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import { isOlderHost } from '../hostVersion.ts';
import type { Rule } from '../rule.ts';
import { all, any, known, not, type Truth } from '../truth.ts';

/** Whether VMware Tools can bring the guest to rest. */
export const toolsRules: readonly Rule[] = [
  {
    id: 'TLS-01',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'crash',
    concerns: 'quiescing',
    applies: isWithoutTools,
    reason: 'no Tools',
    text: 'VMware Tools are not installed, so that nobody can bring the guest to rest',
    remedy: 'Install VMware Tools (Linux: open-vm-tools)',
    question: 'whether VMware Tools are installed',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'TLS-02',
    certainty: 'certain',
    source: 'field-reports',
    cap: 'crash',
    concerns: 'quiescing',
    applies: facts =>
      all(
        not(isWithoutTools(facts)),
        known(facts.toolsRunning, state => state === 'guestToolsNotRunning'),
      ),
    reason: 'Tools not running',
    text: 'VMware Tools do not run in the guest; a quiesced snapshot may fail',
    remedy: 'Start the service of VMware Tools (vmtoolsd)',
    question: 'whether VMware Tools run',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'TLS-03',
    certainty: 'likely',
    source: 'field-reports',
    concerns: 'quiescing',
    applies: facts => known(facts.toolsRunning, state => state === 'guestToolsExecutingScripts'),
    reason: 'Tools busy',
    text: 'VMware Tools still run their power scripts',
    remedy: 'Try again in a minute',
    question: 'whether VMware Tools run',
  },
  {
    id: 'TLS-04',
    certainty: 'likely',
    source: 'vsphere-api',
    cap: 'crash',
    concerns: 'quiescing',
    applies: facts => known(facts.toolsStatus, status => status === 'guestToolsBlacklisted'),
    reason: 'Tools faulty',
    text: 'This version of VMware Tools is known to be faulty',
    remedy: 'Upgrade VMware Tools to a supported version',
    question: 'which version VMware Tools have',
  },
  {
    id: 'TLS-04',
    certainty: 'likely',
    source: 'vsphere-api',
    concerns: 'quiescing',
    applies: facts =>
      known(facts.toolsStatus, status => ['guestToolsTooOld', 'guestToolsTooNew'].includes(status)),
    reason: 'Tools unsupported',
    text: 'The host does not support this version of VMware Tools',
    remedy: 'Upgrade VMware Tools to a supported version',
    question: 'which version VMware Tools have',
  },
  {
    id: 'TLS-05',
    certainty: 'certain',
    source: 'vddk-guide',
    cap: 'crash',
    concerns: 'quiescing',
    applies: (facts, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        guest.needsNewTools,
        not(isWithoutTools(facts)),
        known(facts.toolsVersion, version => version < toolsVersion(10, 1)),
      ),
    reason: 'Tools too old',
    text: 'Quiescing this version of Windows takes VMware Tools 10.1 or later',
    remedy: 'Upgrade VMware Tools to 10.1.0 or later',
    question: 'which version VMware Tools have',
  },
  {
    id: 'TLS-06',
    certainty: 'certain',
    source: 'open-vm-tools',
    weight: 'note',
    concerns: 'quiescing',
    applies: facts => known(facts.toolsStatus, status => status === 'guestToolsUnmanaged'),
    reason: 'Tools of the distribution',
    text: 'VMware Tools come with the guest’s own packages, which is the normal state of Linux',
    question: 'whether VMware Tools are installed',
  },
  {
    id: 'TLS-07',
    certainty: 'likely',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    applies: (facts, { guest }) =>
      all(
        known(guest.family, family => family === 'linux'),
        any(
          known(facts.toolsVersion, version => version < toolsVersion(10, 2)),
          isOlderHost(facts.host, '6.7'),
        ),
      ),
    reason: 'no proof possible',
    text: 'These versions of VMware Tools and ESXi leave no proof of what was brought to rest',
    remedy: 'Upgrade open-vm-tools to 10.2 or later and the host to 6.7 or later',
    question: 'which versions VMware Tools and the host have',
  },
  {
    id: 'TLS-08',
    certainty: 'certain',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    applies: ({ toolsVersion: version, toolsConfig, guestLook }, { guest }) =>
      all(
        known(guest.family, family => family === 'linux'),
        known(version, number => number >= toolsVersion(12, 2)),
        // While nobody has looked, it is as without the setting.
        toolsConfig?.ignoreFrozenFileSystems !== true ||
          known(version, number => number < toolsVersion(12, 3)),
        known(guestLook?.ownFreezers, freezers => freezers.length > 0),
      ),
    objects: ({ guestLook }) => guestLook?.ownFreezers ?? [],
    reason: 'frozen by something else',
    text: 'Something else in the guest freezes file systems, upon which VMware Tools refuse the quiesced snapshot',
    remedy:
      'Remove fsfreeze from the scripts, or set excludedFileSystems, or from VMware Tools 12.3 on ignoreFrozenFileSystems=true, in tools.conf',
    question: 'whether something else in the guest freezes file systems',
  },
  {
    id: 'TLS-09',
    certainty: 'certain',
    source: 'vsphere-api',
    weight: 'note',
    concerns: 'quiescing',
    applies: facts => known(facts.toolsInstallType, type => type !== 'guestToolsTypeUnknown'),
    objects: ({ toolsInstallType }) => (toolsInstallType === undefined ? [] : [toolsInstallType]),
    reason: 'how Tools were installed',
    text: 'How VMware Tools were installed',
    question: 'how VMware Tools were installed',
  },
];

function isWithoutTools({ toolsStatus }: AssessmentFacts): Truth {
  return known(toolsStatus, status => status === 'guestToolsNotInstalled');
}

/** As the API encodes it. */
export function toolsVersion(major: number, minor: number): number {
  return major * 1024 + minor * 32;
}
