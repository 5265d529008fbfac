import { parseArgs } from 'node:util';

import { AppError } from '../base/errors.ts';
import type { Profile } from './images/guestDisks.ts';
import type { LabTime } from './labClock.ts';
import { defaultRelease, personalityOf, type Personality } from './personality.ts';

export interface LabOptions {
  readonly listen: string;
  /** Undefined: a folder in the user's cache. */
  readonly images: string | undefined;
  /** Undefined: the system's folder for temporary files. */
  readonly state: string | undefined;
  readonly seed: number;
  readonly time: LabTime;
  readonly profile: Profile | undefined;
  readonly userName: string;
  readonly passwordFile: string | undefined;
  /** Undefined: a new certificate at each start. */
  readonly certificateFile: string | undefined;
  /** Further accounts, each with the name of its role. */
  readonly accounts: readonly { readonly userName: string; readonly role: string }[];
  /** Undefined: attached disks become no block devices. */
  readonly blockDeviceFolder: string | undefined;
  readonly activity: boolean;
  readonly exitWithParent: boolean;
  readonly generatedVmCount: number;
  readonly personality: Personality;
  /** A folder that `govc object.save` has written, to be served instead of the lab's own inventory. */
  readonly dumpFolder: string | undefined;
}

const maxGeneratedVms = 20_000;

/** @throws INVALID_INPUT */
export function parseOptions(commandLine: readonly string[]): LabOptions {
  const { values } = parse(commandLine);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw invalid(`--seed ${values.seed} is not a whole number`);
  const generatedVmCount = Number(values.generate);
  if (!Number.isInteger(generatedVmCount) || generatedVmCount < 0 || generatedVmCount > maxGeneratedVms)
    throw invalid(`--generate ${values.generate} is not a number of VMs up to ${maxGeneratedVms}`);
  if (values.esx && generatedVmCount > 0)
    throw invalid('--generate makes clusters, which a host on its own does not have');
  if (values.import !== undefined && generatedVmCount > 0)
    throw invalid('--generate adds to the own inventory of the lab, which --import replaces');
  const { profile } = values;
  if (profile !== undefined && profile !== 'full' && profile !== 'small')
    throw invalid(`--profile ${profile} is neither full nor small`);
  return {
    listen: values.listen,
    images: values.images,
    state: values.state,
    seed,
    time: parseTime(values['start-at'], values.clock),
    profile,
    userName: values.user,
    passwordFile: values['password-file'],
    certificateFile: values.certificate,
    accounts: values.account.map(parseAccount),
    blockDeviceFolder: values['block-devices'],
    activity: !values['no-activity'],
    exitWithParent: values['exit-with-parent'],
    generatedVmCount,
    personality: personalityOf(values['api-version'], values.esx),
    dumpFolder: values.import,
  };
}

function parseTime(startAt: string | undefined, pace: string): LabTime {
  const moment = startAt === undefined ? undefined : new Date(startAt);
  if (moment !== undefined && Number.isNaN(moment.getTime()))
    throw invalid(`--start-at ${startAt} is no moment`);
  if (pace !== 'running' && pace !== 'still') throw invalid(`--clock ${pace} is neither running nor still`);
  return { startAt: moment, isStill: pace === 'still' };
}

function parseAccount(text: string): { userName: string; role: string } {
  const [, userName = '', role = ''] = /^([^=]+)=(Admin|ReadOnly|NoAccess)$/.exec(text) ?? [];
  if (userName === '') throw invalid(`--account ${text} is not NAME=Admin, NAME=ReadOnly or NAME=NoAccess`);
  return { userName, role };
}

function parse(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      options: {
        listen: { type: 'string', default: '127.0.0.1:0' },
        images: { type: 'string' },
        state: { type: 'string' },
        seed: { type: 'string', default: '1' },
        'start-at': { type: 'string' },
        clock: { type: 'string', default: 'running' },
        profile: { type: 'string' },
        user: { type: 'string', default: 'administrator@vsphere.local' },
        'password-file': { type: 'string' },
        certificate: { type: 'string' },
        account: { type: 'string', multiple: true, default: [] },
        'block-devices': { type: 'string' },
        'no-activity': { type: 'boolean', default: false },
        generate: { type: 'string', default: '0' },
        'api-version': { type: 'string', default: defaultRelease },
        esx: { type: 'boolean', default: false },
        import: { type: 'string' },
        'exit-with-parent': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', message, { remedy: 'See docs/LAB.md for the options' });
}
