import type { AssessmentFacts } from '../inventory/assessmentFacts.ts';
import { absentCell, cellOf, guestRowOf, hostGeneration } from './guestMatrix.ts';
import { type Base, leastCertain, type Mechanism } from './rule.ts';
import { all, known } from './truth.ts';

const texts: Readonly<Record<Mechanism, string>> = {
  cold: 'The guest was shut down cleanly: nothing writes, its file systems are unmounted',
  vss: 'VSS brings applications to rest that have a writer',
  'vss-without-writers': 'VSS brings the file systems to rest; no application takes part',
  'sync-driver': 'The sync driver holds the file systems still; no application takes part',
  freeze: 'VMware Tools freeze the file systems (FIFREEZE); no application takes part',
  none: 'Nothing brings a guest of this kind to rest',
};

/** What the guest allows at best: the power state chooses before the matrix does. */
export function baseOf(facts: AssessmentFacts): Base {
  const running = runningBase(facts);
  const isColdAndClean = all(
    known(facts.powerState, state => state === 'poweredOff'),
    known(facts.lastPowerOff, how => how === 'guest-shutdown'),
  );
  if (isColdAndClean === true) {
    return {
      ...running,
      rule: 'PWR-01',
      level: 'application',
      mechanism: 'cold',
      certainty: 'likely',
      reason: 'off after a clean shutdown',
      text: texts.cold,
    };
  }
  return isColdAndClean === undefined && facts.powerState === undefined
    ? { ...running, certainty: 'uncertain' }
    : running;
}

function runningBase({ guestId, host }: AssessmentFacts): Base {
  const row = guestId === undefined ? undefined : guestRowOf(guestId);
  if (row === undefined) {
    return {
      rule: 'OS-UNKNOWN',
      level: 'crash',
      mechanism: 'none',
      certainty: 'uncertain',
      guest: { family: undefined, needsNewTools: false, usesHardwareProvider: false },
      reason: 'guest unknown',
      text: 'The server cannot read the configuration of this VM, so that its guest is not known',
      question: 'the guest’s operating system',
    };
  }
  const isSameEverywhere = new Set(row.cells.map(cell => cell?.level)).size === 1;
  const generation = host === undefined ? '65' : hostGeneration(host);
  const cell = cellOf(row, generation) ?? absentCell;
  const isGuess = host === undefined && !isSameEverywhere;
  return {
    rule: isSameEverywhere ? `OS-${row.id}` : `OS-${row.id}-${generation}`,
    level: cell.level,
    mechanism: cell.mechanism,
    certainty: isGuess ? leastCertain([cell.certainty, 'likely']) : cell.certainty,
    guest: row.traits,
    reason: row.name,
    text: texts[cell.mechanism],
    ...(isGuess && { question: 'the version of the ESXi host' }),
  };
}
