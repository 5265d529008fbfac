import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import type { Rule } from '../rule.ts';
import { all, known } from '../truth.ts';

const question = 'what is set in the guest’s tools.conf';

/** What the guest's own settings of VMware Tools do to quiescing. The API does not show them. */
export const toolsConfigRules: readonly Rule[] = [
  {
    id: 'CFG-01',
    certainty: 'certain',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    doubtsAbove: 'crash',
    // Never a finding of its own: while nobody has looked, every level above crash is a guess.
    applies: ({ toolsConfig }, { guest }) =>
      all(
        known(guest.family, family => family !== 'other'),
        known(toolsConfig, () => false),
      ),
    reason: 'tools.conf not read',
    text: 'What the guest’s tools.conf sets (enableSyncDriver, vss.disableAppQuiescing, excludedFileSystems) is not known',
    remedy: 'Let tools.conf be read through guest operations',
    question,
  },
  {
    id: 'CFG-02',
    certainty: 'certain',
    source: 'open-vm-tools',
    cap: 'crash',
    concerns: 'quiescing',
    applies: ({ toolsConfig }, { guest }) =>
      all(
        known(guest.family, family => family === 'linux'),
        known(toolsConfig, config => !config.enableSyncDriver),
      ),
    reason: 'freezing switched off',
    text: 'VMware Tools report success without freezing anything (enableSyncDriver=false)',
    remedy: 'Remove enableSyncDriver=false from tools.conf',
    question,
  },
  {
    id: 'CFG-03',
    certainty: 'certain',
    source: 'open-vm-tools',
    cap: 'filesystem',
    concerns: 'quiescing',
    applies: ({ toolsConfig }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(toolsConfig, config => config.disableAppQuiescing),
      ),
    reason: 'application quiescing switched off',
    text: 'The guest’s tools.conf switches application quiescing off (vss.disableAppQuiescing=true)',
    remedy: 'Set vss.disableAppQuiescing=false in tools.conf',
    question,
  },
  {
    id: 'CFG-04',
    certainty: 'certain',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    applies: ({ toolsConfig }) => known(toolsConfig, config => config.excludedFileSystems.length > 0),
    objects: ({ toolsConfig }: AssessmentFacts) => toolsConfig?.excludedFileSystems ?? [],
    reason: 'file systems excluded',
    text: 'These file systems are excluded from quiescing and only crash-consistent',
    remedy: 'Remove them from excludedFileSystems in tools.conf',
    question,
  },
  {
    id: 'CFG-05',
    certainty: 'likely',
    source: 'open-vm-tools',
    cap: 'crash',
    concerns: 'quiescing',
    applies: ({ toolsConfig }, { guest }) =>
      all(
        known(guest.family, family => family === 'windows'),
        known(toolsConfig, config => !config.enableVss),
      ),
    reason: 'VSS switched off',
    text: 'The guest’s tools.conf switches VSS off (enableVSS=false); the sync driver that would be left is no part of today’s VMware Tools',
    remedy: 'Remove enableVSS=false from tools.conf',
    question,
  },
  {
    id: 'CFG-06',
    certainty: 'certain',
    source: 'open-vm-tools',
    concerns: 'quiescing',
    applies: ({ toolsConfig }) => known(toolsConfig, config => !config.runsScripts),
    reason: 'freeze scripts switched off',
    text: 'The guest’s tools.conf switches freeze and thaw scripts off (execScripts=false)',
    remedy: 'Remove execScripts=false from tools.conf, if applications rely on such scripts',
    question,
  },
];
