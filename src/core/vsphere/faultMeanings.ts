import type { ErrorCode } from '../../base/errors.ts';
import { isSubtype } from './schema/schema.ts';

/** What a fault of the API means to whoever asked for something. */
export interface FaultMeaning {
  readonly code: ErrorCode;
  readonly remedy?: string;
  /** The same call may succeed later without anyone changing anything. */
  readonly retryable?: boolean;
}

/** The first look at what an account lacks is seldom the last; this shows all of it. */
export const privilegeRemedy =
  'Grant it to the account; Check Privileges in the editor and "quiesce vcenter privileges" list all that is missing';

/** The first entry a fault's type is or derives from holds; hence derived types stand before their bases. */
const meanings: readonly (readonly [faultType: string, meaning: FaultMeaning])[] = [
  ['NotAuthenticated', { code: 'AUTHENTICATION', remedy: 'Log in again' }],
  ['PasswordExpired', { code: 'AUTHENTICATION', remedy: 'Set a new password for the user on the server' }],
  ['InvalidLogin', { code: 'AUTHENTICATION', remedy: 'Check the user name and the password' }],
  [
    'SSLVerifyFault',
    { code: 'AUTHENTICATION', remedy: 'Let the vCenter accept the certificate of the host' },
  ],
  ['SSPIChallenge', { code: 'AUTHENTICATION', remedy: 'Log in with user name and password' }],
  [
    'InvalidGuestLogin',
    { code: 'AUTHENTICATION', remedy: 'Check the user name and the password of the guest' },
  ],
  ['NoPermission', { code: 'PERMISSION', remedy: privilegeRemedy }],
  ['SecurityError', { code: 'PERMISSION', remedy: 'Grant the user what is missing' }],
  [
    'RestrictedVersion',
    { code: 'PERMISSION', remedy: 'Use a license that includes the API; the free ESXi license only reads' },
  ],
  ['NotEnoughLicenses', { code: 'PERMISSION', remedy: 'Assign a license to the host' }],
  ['GuestPermissionDenied', { code: 'PERMISSION', remedy: 'Use an account of the guest that may do it' }],
  [
    'OperationDisabledByGuest',
    { code: 'PERMISSION', remedy: 'Allow guest operations in the configuration of VMware Tools' },
  ],
  ['ManagedObjectNotFound', { code: 'NOT_FOUND', remedy: 'It was removed meanwhile; look at what there is' }],
  ['NotFound', { code: 'NOT_FOUND', remedy: 'Look at what there is' }],
  ['FileNotFound', { code: 'NOT_FOUND', remedy: 'Look at what is on the datastore' }],
  [
    'GuestProcessNotFound',
    { code: 'NOT_FOUND', remedy: 'It has ended long ago; look at what runs in the guest' },
  ],
  ['RequestCanceled', { code: 'CANCELLED' }],
  ['HostCommunication', { code: 'UNREACHABLE', remedy: 'Check that the host is connected to the vCenter' }],
  ['HostConnectFault', { code: 'UNREACHABLE', remedy: 'Check that the host is connected to the vCenter' }],
  ['Timedout', { code: 'UNREACHABLE', remedy: 'Check the load of the server and try again' }],
  [
    'GuestOperationsUnavailable',
    { code: 'CONFLICT', retryable: true, remedy: 'Start the guest and wait until VMware Tools run in it' },
  ],
  [
    'ToolsUnavailable',
    { code: 'CONFLICT', retryable: true, remedy: 'Start the guest and wait until VMware Tools run in it' },
  ],
  ['GuestComponentsOutOfDate', { code: 'CONFLICT', remedy: 'Upgrade VMware Tools in the guest' }],
  [
    'TooManyGuestLogons',
    { code: 'CONFLICT', retryable: true, remedy: 'Wait until other operations in the guest have ended' },
  ],
  [
    'OperationNotSupportedByGuest',
    { code: 'UNSUPPORTED_FORMAT', remedy: 'Do it in the guest by its own means' },
  ],
  ['NoDiskSpace', { code: 'STORAGE_FULL', remedy: 'Free space on the datastore' }],
  [
    'ApplicationQuiesceFault',
    { code: 'QUIESCE_FAILED', remedy: 'Look for VSS or script errors in the guest, or accept a lower level' },
  ],
  [
    'FilesystemQuiesceFault',
    { code: 'QUIESCE_FAILED', remedy: 'Check VMware Tools in the guest, or accept a lower level' },
  ],
  ['TooManySnapshotLevels', { code: 'CONFLICT', remedy: 'Remove snapshots of the VM that nobody needs' }],
  ['SnapshotDisabled', { code: 'CONFLICT', remedy: 'Allow snapshots in the configuration of the VM' }],
  [
    'SnapshotLocked',
    { code: 'CONFLICT', retryable: true, remedy: 'Wait until the snapshots of the VM are released' },
  ],
  ['MultipleSnapshotsNotSupported', { code: 'CONFLICT', remedy: 'Remove the snapshot that the VM has' }],
  [
    'MemorySnapshotOnIndependentDisk',
    { code: 'CONFLICT', remedy: 'Power off the VM, or make its independent disks dependent' },
  ],
  [
    'SnapshotIncompatibleDeviceInVm',
    { code: 'CONFLICT', remedy: 'Remove the device or the shared disks that snapshots do not support' },
  ],
  ['SnapshotFault', { code: 'CONFLICT', remedy: 'Look at the events of the VM' }],
  ['TaskInProgress', { code: 'CONFLICT', retryable: true, remedy: 'Wait for the other task to end' }],
  ['FileLocked', { code: 'CONFLICT', retryable: true, remedy: 'Wait until the file is released' }],
  ['ConcurrentAccess', { code: 'CONFLICT', retryable: true, remedy: 'Try again' }],
  ['ResourceInUse', { code: 'CONFLICT', retryable: true, remedy: 'Wait until it is released' }],
  ['InvalidPowerState', { code: 'CONFLICT', remedy: 'Bring the VM into the needed power state' }],
  ['InvalidState', { code: 'CONFLICT', remedy: 'Wait until its state allows it' }],
  ['DuplicateName', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['AlreadyExists', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['FileAlreadyExists', { code: 'CONFLICT', remedy: 'Choose another name' }],
  ['DirectoryNotEmpty', { code: 'CONFLICT', remedy: 'Empty the folder first' }],
  ['FileNotWritable', { code: 'PERMISSION', remedy: 'Make the file or its datastore writable' }],
  ['CannotAccessFile', { code: 'UNREACHABLE', remedy: 'Check that the host can reach the datastore' }],
  ['FileFault', { code: 'CONFLICT', remedy: 'Look at the file on its datastore' }],
  ['InaccessibleDatastore', { code: 'UNREACHABLE', remedy: 'Check that the host can reach the datastore' }],
  [
    'InsufficientResourcesFault',
    { code: 'CONFLICT', remedy: 'Choose another host or resource pool, or free resources' },
  ],
  ['NoCompatibleHost', { code: 'CONFLICT', remedy: 'Choose a host that the VM can run on' }],
  [
    'ResourceNotAvailable',
    { code: 'CONFLICT', remedy: 'Choose another host or resource pool, or free resources' },
  ],
  ['DatacenterMismatch', { code: 'INVALID_INPUT', remedy: 'Choose places of one datacenter' }],
  ['NotSupported', { code: 'UNSUPPORTED_FORMAT', remedy: 'This server or VM does not support it' }],
  ['NotImplemented', { code: 'UNSUPPORTED_FORMAT', remedy: 'This server does not support it' }],
  [
    'MethodNotFound',
    { code: 'UNSUPPORTED_FORMAT', remedy: 'This version of the server does not support it' },
  ],
  ['InvalidArgument', { code: 'INVALID_INPUT' }],
  ['InvalidRequest', { code: 'INVALID_INPUT' }],
  ['InvalidProperty', { code: 'INVALID_INPUT' }],
  ['InvalidLocale', { code: 'INVALID_INPUT' }],
  ['VmConfigFault', { code: 'INVALID_INPUT' }],
  ['InvalidName', { code: 'INVALID_INPUT', remedy: 'Choose a name without special characters' }],
  ['InvalidDatastore', { code: 'INVALID_INPUT', remedy: 'Choose a datastore that the host has' }],
  ['OvfFault', { code: 'INVALID_INPUT' }],
  ['InvalidCollectorVersion', { code: 'CONFLICT', retryable: true, remedy: 'Begin anew' }],
];

/** INTERNAL for what says only that something went wrong; what it was, the server's own words tell. */
export function meaningOf(faultType: string): FaultMeaning {
  return meanings.find(([type]) => isSubtype(faultType, type))?.[1] ?? { code: 'INTERNAL' };
}
