import type { DatabaseFacts } from '../../inventory/assessmentFacts.ts';

/** A process of a guest, as VMware Tools list it. */
export interface SeenProcess {
  readonly name: string;
  readonly commandLine: string;
}

/** A database that runs, and where its files lie, if its command line or custom says so. */
export interface RunningDatabase {
  readonly product: DatabaseFacts['product'];
  readonly instance: string;
  readonly folder: string | undefined;
}

interface DatabaseSign {
  readonly product: DatabaseFacts['product'];
  /** Of the program that is started first; its helpers say their name differently. */
  readonly program: RegExp;
  readonly folder?: RegExp;
  readonly usualFolder?: string;
  /** Where its name is not its folder. */
  readonly instance?: RegExp;
  readonly usualInstance?: string;
}

const signs: readonly DatabaseSign[] = [
  { product: 'postgresql', program: /(^|\/)(postgres|postmaster)"?\s.*-D\s*\S/, folder: /\s-D\s*(\S+)/ },
  {
    product: 'mariadb',
    program: /(^|\/)mariadbd(\s|$)/,
    folder: /--datadir[= ](\S+)/,
    usualFolder: '/var/lib/mysql',
  },
  {
    product: 'mysql',
    program: /(^|\/)mysqld(\s|$)/,
    folder: /--datadir[= ](\S+)/,
    usualFolder: '/var/lib/mysql',
  },
  {
    product: 'mongodb',
    program: /(^|\/)mongod(\s|$)/,
    folder: /--dbpath[= ](\S+)/,
    usualFolder: '/var/lib/mongodb',
  },
  { product: 'oracle', program: /^ora_pmon_\S+/, instance: /^ora_pmon_(\S+)/ },
  {
    product: 'mssql',
    program: /sqlservr(\.exe)?"?(\s|$)/i,
    instance: /\s-s\s*"?([^\s"]+)/,
    usualInstance: 'MSSQLSERVER',
  },
  {
    product: 'exchange',
    program: /Microsoft\.Exchange\.Store\.Service\.exe"?(\s|$)/i,
    usualInstance: 'Information Store',
  },
];

/** The databases among the processes of a guest. One that does not run needs no rest. */
export function runningDatabases(processes: readonly SeenProcess[]): readonly RunningDatabase[] {
  const found = processes.flatMap(({ name, commandLine }) => {
    const text = commandLine === '' ? name : commandLine;
    const sign = signs.find(({ program }) => program.test(text));
    return sign === undefined ? [] : [databaseOf(sign, text)];
  });
  // Some list a process of each connection with the same words.
  return [...new Map(found.map(database => [`${database.product} ${database.instance}`, database])).values()];
}

function databaseOf(sign: DatabaseSign, text: string): RunningDatabase {
  const folder = sign.folder?.exec(text)?.[1] ?? sign.usualFolder;
  const instance = sign.instance?.exec(text)?.[1] ?? sign.usualInstance ?? folder ?? sign.product;
  return { product: sign.product, instance, folder };
}
