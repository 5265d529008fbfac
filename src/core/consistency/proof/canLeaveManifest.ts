import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import { isOlderHost } from '../hostVersion.ts';
import { toolsVersion } from '../rules/toolsRules.ts';
import { all, known, not, type Truth } from '../truth.ts';

/** Whether these versions of VMware Tools and ESXi leave a proof of what was brought to rest in a Linux. */
export function canLeaveManifest(facts: Pick<AssessmentFacts, 'toolsVersion' | 'host'>): Truth {
  return all(
    known(facts.toolsVersion, version => version >= toolsVersion(10, 2)),
    not(isOlderHost(facts.host, '6.7')),
  );
}
