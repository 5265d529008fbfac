import type { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { invalidPowerState, VimFault } from '../soap/vimFault.ts';
import { logInToGuest, type GuestAccount, type GuestPasswords } from './accounts.ts';
import type { LabGuest } from './labGuest.ts';

/** @throws VimFault InvalidPowerState, GuestOperationsUnavailable */
export function guestOf(vm: LabVm): LabGuest {
  if (vm.powerState !== 'poweredOn') throw invalidPowerState('poweredOn', vm.powerState);
  if (!vm.toolsRunning || vm.guest === undefined)
    throw new VimFault('GuestOperationsUnavailable', 'The guest operations agent could not be contacted.');
  return vm.guest;
}

/** @throws VimFault InvalidGuestLogin; OperationNotSupportedByGuest for other ways to log in */
export function accountOf(passwords: GuestPasswords, auth: PlainObject): GuestAccount {
  if (auth['_type'] !== 'NamePasswordAuthentication' || auth['interactiveSession'] === true)
    throw new VimFault(
      'OperationNotSupportedByGuest',
      'The operation is not supported by the guest operating system.',
    );
  const account = logInToGuest(passwords, String(auth['username']), String(auth['password']));
  if (account !== undefined) return account;
  throw new VimFault(
    'InvalidGuestLogin',
    'Failed to authenticate with the guest operating system using the supplied credentials.',
  );
}
