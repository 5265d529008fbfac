import { AppError } from '../../base/errors.ts';
import type { ErrorCode, ErrorDetails } from '../../base/errors.ts';
import { isSubtype } from './schema/schema.ts';
import type { MoRef } from './schema/moRef.ts';
import type { Vim } from './vimCaller.ts';

/** A refusal by the server. `message` keeps the server's own words, which may be localized. */
export class VimFaultError extends AppError {
  /** As the API names it, for instance `NoPermission`. */
  readonly faultType: string;
  readonly fault: Vim<'MethodFault'>;
  /** What the server said itself, possibly empty. */
  readonly serverMessage: string;

  constructor(code: ErrorCode, message: string, details: VimFaultDetails) {
    super(code, message, details);
    this.name = 'VimFaultError';
    this.faultType = details.faultType;
    this.fault = details.fault;
    this.serverMessage = details.serverMessage;
  }

  /** Whether the error is a fault of the type or of one derived from it. */
  static isFault(error: unknown, ...faultTypes: readonly string[]): error is VimFaultError {
    return error instanceof VimFaultError && faultTypes.some(type => isSubtype(error.faultType, type));
  }
}

export interface VimFaultDetails extends ErrorDetails {
  readonly faultType: string;
  readonly fault: Vim<'MethodFault'>;
  readonly serverMessage: string;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly remedy?: string;
  readonly retryable?: boolean;
}

/** The first entry a fault's type is or derives from holds; hence derived types stand before their bases. */
const meanings: readonly (readonly [faultType: string, meaning: Meaning])[] = [
  ['NotAuthenticated', { code: 'AUTHENTICATION', remedy: 'Log in again' }],
  ['InvalidLogin', { code: 'AUTHENTICATION', remedy: 'Check the user name and the password' }],
  ['NoPermission', { code: 'PERMISSION', remedy: 'Grant the privilege to the user on this object' }],
  [
    'RestrictedVersion',
    { code: 'PERMISSION', remedy: 'Use a license that includes the API; the free ESXi license only reads' },
  ],
  ['NotEnoughLicenses', { code: 'PERMISSION', remedy: 'Assign a license to the host' }],
  ['ManagedObjectNotFound', { code: 'NOT_FOUND', remedy: 'It was removed meanwhile; look at what there is' }],
  ['NotFound', { code: 'NOT_FOUND' }],
  ['FileNotFound', { code: 'NOT_FOUND' }],
  ['RequestCanceled', { code: 'CANCELLED' }],
  ['HostCommunication', { code: 'UNREACHABLE', remedy: 'Check that the host is connected to the vCenter' }],
  ['Timedout', { code: 'UNREACHABLE' }],
  ['NoDiskSpace', { code: 'STORAGE_FULL', remedy: 'Free space on the datastore' }],
  [
    'ApplicationQuiesceFault',
    { code: 'QUIESCE_FAILED', remedy: 'Look for VSS or script errors in the guest, or accept a lower level' },
  ],
  [
    'FilesystemQuiesceFault',
    { code: 'QUIESCE_FAILED', remedy: 'Check VMware Tools in the guest, or accept a lower level' },
  ],
  ['TaskInProgress', { code: 'CONFLICT', retryable: true, remedy: 'Wait for the other task to end' }],
  ['FileLocked', { code: 'CONFLICT', retryable: true, remedy: 'Wait until the file is released' }],
  ['ConcurrentAccess', { code: 'CONFLICT', retryable: true }],
  ['ResourceInUse', { code: 'CONFLICT', retryable: true }],
  ['InvalidState', { code: 'CONFLICT' }],
  ['DuplicateName', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['AlreadyExists', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['FileAlreadyExists', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['NotSupported', { code: 'UNSUPPORTED_FORMAT' }],
  ['NotImplemented', { code: 'UNSUPPORTED_FORMAT' }],
  ['MethodNotFound', { code: 'UNSUPPORTED_FORMAT' }],
  ['InvalidArgument', { code: 'INVALID_INPUT' }],
  ['InvalidRequest', { code: 'INVALID_INPUT' }],
  ['VmConfigFault', { code: 'INVALID_INPUT' }],
  ['InvalidName', { code: 'INVALID_INPUT' }],
  ['InvalidDatastore', { code: 'INVALID_INPUT' }],
  ['OvfFault', { code: 'INVALID_INPUT' }],
  ['SnapshotFault', { code: 'CONFLICT' }],
];

/**
 * @param serverMessage  the server's own words, possibly empty
 * @param what           what was attempted, for instance "CreateSnapshotEx_Task" or "removing the snapshot"
 * @param object         the thing it was attempted on, as the user knows it
 */
export function vimFault(
  fault: Vim<'MethodFault'>,
  serverMessage: string,
  what: string,
  object: string,
): VimFaultError {
  const faultType = fault._type ?? 'MethodFault';
  const meaning = meanings.find(([type]) => isSubtype(faultType, type))?.[1];
  const said = serverMessage.trim().replace(/\.$/, '');
  const explanation = [said === '' ? faultType : `${said} (${faultType})`, ...factsOf(fault)].join('; ');
  return new VimFaultError(meaning?.code ?? 'INTERNAL', `${object}: ${what} failed: ${explanation}`, {
    faultType,
    fault,
    serverMessage,
    object,
    ...(meaning?.remedy === undefined ? {} : { remedy: meaning.remedy }),
    ...(meaning?.retryable === undefined ? {} : { retryable: meaning.retryable }),
  });
}

/** A fault that came as a value: in a task, in a lease, in a property that could not be read. */
export function localizedFault(
  { fault, localizedMessage }: Vim<'LocalizedMethodFault'>,
  what: string,
  object: string,
): VimFaultError {
  return vimFault(fault, localizedMessage ?? '', what, object);
}

export function describeRef({ type, value }: MoRef): string {
  return `${type} ${value}`;
}

/** The fields of a fault that say what to do about it. */
function factsOf(fault: Vim<'MethodFault'>): string[] {
  const fields = fault as Readonly<Record<string, unknown>>;
  const facts: readonly (readonly [key: string, label: string])[] = [
    ['privilegeId', 'missing privilege'],
    ['invalidProperty', 'argument'],
    ['name', 'name'],
    ['file', 'file'],
    ['datastore', 'datastore'],
    ['existingState', 'present state'],
    ['requestedState', 'needed state'],
  ];
  return facts.flatMap(([key, label]) =>
    typeof fields[key] === 'string' ? [`${label} ${fields[key]}`] : [],
  );
}
