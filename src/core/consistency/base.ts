import type { AssessmentFacts } from '../inventory/assessmentFacts.ts';
import { cellOf, guestRowOf, hostGeneration, isNewerThanTables } from './matrix/guestMatrix.ts';
import type { GuestRow } from './matrix/guestRows.ts';
import { hostGenerations } from './matrix/matrixCell.ts';
import { type Base, type Certainty, leastCertain, type Mechanism } from './rule.ts';
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
      guest: running.guest,
      rule: 'PWR-01',
      level: 'application',
      mechanism: 'cold',
      certainty: 'likely',
      source: 'powered-off-practice',
      conditions: [],
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
  if (row === undefined) return unknownGuest;
  const cell = cellOf(row, host === undefined ? '65' : hostGeneration(host));
  const question = questionOf(row, cell.isNearest, host);
  return {
    rule: cell.id,
    level: cell.level,
    mechanism: cell.mechanism,
    certainty: leastCertain([cell.certainty, host === undefined ? leastOf(row) : certaintyOn(host)]),
    source: cell.source,
    conditions: cell.conditions,
    guest: row.traits,
    reason: row.name,
    text:
      cell.isLegacy === true
        ? `${texts[cell.mechanism]}; nobody supports this guest any more`
        : texts[cell.mechanism],
    ...(cell.vendorLevel !== undefined && { vendorLevel: cell.vendorLevel }),
    ...(question !== undefined && { question }),
  };
}

const unknownGuest: Base = {
  rule: 'OS-UNKNOWN',
  level: 'crash',
  mechanism: 'none',
  certainty: 'uncertain',
  source: 'inference',
  conditions: [],
  guest: { family: undefined, needsNewTools: false, usesHardwareProvider: false },
  reason: 'guest unknown',
  text: 'The server cannot read the configuration of this VM, so that its guest is not known',
  question: 'the guest’s operating system',
};

function certaintyOn(host: NonNullable<AssessmentFacts['host']>): Certainty {
  return isNewerThanTables(host) ? 'likely' : 'certain';
}

/** Not knowing the host is never better than knowing any of them. */
function leastOf(row: GuestRow): Certainty {
  return leastCertain(['likely', ...hostGenerations.map(generation => cellOf(row, generation).certainty)]);
}

function questionOf(
  { name, question }: GuestRow,
  isNearest: boolean,
  host: AssessmentFacts['host'],
): string | undefined {
  if (host === undefined) return 'the version of the ESXi host';
  if (isNearest) return `how ESXi ${host.version} quiesces ${name}, which is younger`;
  if (question !== undefined) return question;
  return isNewerThanTables(host)
    ? `how ESXi ${host.version} quiesces guests: it is newer than the tables`
    : undefined;
}
