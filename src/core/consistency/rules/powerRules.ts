import type { Rule } from '../rule.ts';
import { all, known } from '../truth.ts';

/** Whether the VM runs, and can be reached at all. */
export const powerRules: readonly Rule[] = [
  {
    id: 'CON-01',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts => known(facts.connectionState, state => state !== 'connected'),
    reason: 'not connected',
    text: 'The server has no connection to this VM, so that no snapshot can be taken',
    remedy: 'Bring its host back, or register the VM on another one',
    question: 'whether the server is connected to the VM',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'PWR-02',
    certainty: 'likely',
    source: 'inference',
    cap: 'crash',
    concerns: 'every-snapshot',
    applies: facts =>
      all(
        known(facts.powerState, state => state === 'poweredOff'),
        facts.lastPowerOff !== 'guest-shutdown',
      ),
    reason: 'powered off, not known how',
    text: 'The VM is off, and whether its guest was shut down cleanly is not known',
    remedy: 'Shut the guest down cleanly before the backup, or accept crash consistency',
    remedied: facts => ({ ...facts, lastPowerOff: 'guest-shutdown' }),
    question: 'whether the VM runs',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'PWR-03',
    certainty: 'certain',
    source: 'vsphere-api',
    cap: 'crash',
    concerns: 'every-snapshot',
    applies: facts => known(facts.powerState, state => state === 'suspended'),
    reason: 'suspended',
    text: 'A suspended guest cannot be brought to rest; what it holds in memory is not on its disks',
    remedy: 'Resume the VM, or shut it down',
    question: 'whether the VM runs',
    certaintyIfUnknown: 'uncertain',
  },
  {
    id: 'PWR-04',
    certainty: 'uncertain',
    source: 'experience',
    cap: 'none',
    concerns: 'every-snapshot',
    applies: facts => facts.isTemplate,
    reason: 'template',
    text: 'Templates are copied, no snapshot of them can be taken',
    remedy: 'Convert it to a virtual machine, or back up a VM deployed from it',
    question: 'whether it is a template',
  },
];
