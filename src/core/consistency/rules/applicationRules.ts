import type { AssessmentFacts, DatabaseFacts, VssWriterFacts } from '../../inventory/assessmentFacts.ts';
import { disksOutside, outsideRuleOf } from '../disksOutside.ts';
import type { Rule } from '../rule.ts';
import { all, any, known, not, type Truth } from '../truth.ts';
import { writerIds } from '../vssWriters.ts';

const writersQuestion = 'which VSS writers the guest has';
const databasesQuestion = 'which databases the guest has';

/** Applications in the guest, which only somebody who looked inside knows. */
export const applicationRules: readonly Rule[] = [
  {
    id: 'APP-01',
    certainty: 'certain',
    source: 'microsoft',
    weight: 'note',
    concerns: 'quiescing',
    applies: facts => hasWriter(facts, writerIds.sqlServer, isStable),
    reason: 'SQL Server takes part',
    text: 'The VSS writer of SQL Server is there and stable',
    question: writersQuestion,
  },
  {
    id: 'APP-02',
    certainty: 'certain',
    source: 'microsoft',
    concerns: 'quiescing',
    applies: facts => all(hasDatabase(facts, 'mssql'), not(hasWriter(facts, writerIds.sqlServer, isStable))),
    objects: facts => instancesOf(facts, ({ product }) => product === 'mssql'),
    reason: 'SQL Server without its writer',
    text: 'SQL Server runs without a stable VSS writer, so that its databases are only file-system-consistent',
    remedy:
      'Start the service "SQL Server VSS Writer" (SQLWriter), and keep to 35 databases for each snapshot',
    question: writersQuestion,
  },
  {
    id: 'APP-03',
    certainty: 'certain',
    source: 'microsoft',
    concerns: 'every-snapshot',
    applies: facts => hasWriter(facts, writerIds.activeDirectory),
    reason: 'domain controller',
    text: 'This is a domain controller: never restore it from an image without VSS, nor its database as a file',
    remedy: 'Restore it as a whole with VM-GenerationID (Windows Server 2012 or later), and let it replicate',
    question: writersQuestion,
  },
  {
    id: 'APP-04',
    certainty: 'certain',
    source: 'microsoft',
    concerns: 'quiescing',
    applies: facts => hasWriter(facts, writerIds.exchange),
    reason: 'Exchange',
    text: 'Exchange stays frozen for 20 seconds at most, and a backup of type copy does not truncate its logs',
    question: writersQuestion,
  },
  {
    id: 'APP-05',
    certainty: 'certain',
    source: 'measured',
    concerns: 'quiescing',
    applies: ({ guestLook }, { guest }) =>
      all(
        known(guest.family, family => family === 'linux'),
        known(guestLook?.databases, databases => databases.some(({ shipsLogs }) => shipsLogs !== true)),
        known(guestLook?.freezeScripts, scripts => scripts.length === 0),
      ),
    objects: facts => instancesOf(facts, ({ shipsLogs }) => shipsLogs !== true),
    reason: 'database without scripts',
    text: 'Neither freeze scripts nor kept logs: these databases recover as after a power failure',
    remedy: 'Install freeze and thaw scripts for the database, or keep its logs',
    question: databasesQuestion,
  },
  {
    id: 'APP-06',
    certainty: 'certain',
    source: 'microsoft',
    cap: 'filesystem',
    concerns: 'every-snapshot',
    applies: facts => hasTornDatabase(facts),
    objects: facts => tornDatabases(facts).map(({ instance }) => instance),
    reason: 'torn database',
    text: 'Files of a database lie outside the snapshot: it is torn, and must not be started from this backup',
    remedy: 'Move all files of the database to disks that are part of the snapshot',
    question: 'whether a database lies on what the snapshot leaves out',
  },
];

function isStable({ state }: VssWriterFacts): boolean {
  return state === 1;
}

function hasWriter(
  { guestLook }: AssessmentFacts,
  id: string,
  test: (writer: VssWriterFacts) => boolean = () => true,
): Truth {
  return known(guestLook?.writers, writers => writers.some(writer => writer.id === id && test(writer)));
}

function hasDatabase({ guestLook }: AssessmentFacts, wanted: DatabaseFacts['product']): Truth {
  return known(guestLook?.databases, databases => databases.some(({ product }) => product === wanted));
}

function instancesOf(
  { guestLook }: AssessmentFacts,
  test: (database: DatabaseFacts) => boolean,
): readonly string[] {
  return (guestLook?.databases ?? []).filter(test).map(({ product, instance }) => `${product} ${instance}`);
}

/** Nothing is torn where nothing is left out. */
function hasTornDatabase(facts: AssessmentFacts): Truth {
  const leavesOut = any(
    known(facts.disks, disks => disks.some(disk => outsideRuleOf(disk) !== undefined)),
    known(facts.guestLook?.ownStorage, storage => storage.length > 0),
  );
  if (leavesOut !== true) return leavesOut === undefined && facts.disks !== undefined ? false : leavesOut;
  const databases = facts.guestLook?.databases;
  if (databases === undefined) return undefined;
  if (tornDatabases(facts).length > 0) return true;
  return databases.some(({ diskKeys }) => diskKeys === undefined) ? undefined : false;
}

function tornDatabases({ disks = [], guestLook }: AssessmentFacts): readonly DatabaseFacts[] {
  const outside = new Set(disksOutside(disks).map(({ deviceKey }) => deviceKey));
  return (guestLook?.databases ?? []).filter(
    ({ diskKeys = [] }) => diskKeys.some(key => outside.has(key)) && outside.size > 0,
  );
}
