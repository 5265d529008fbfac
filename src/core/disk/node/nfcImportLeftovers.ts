import { retry } from '../../../base/async/retry.ts';
import type { RetryPolicy } from '../../../base/async/retry.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { ImportedVmRecord } from '../../journal/leaseJournal.ts';
import { plainName } from '../../vsphere/entityName.ts';
import { VimFaultError } from '../../vsphere/faults.ts';
import { readAllOfType, readObject } from '../../vsphere/propertyCollector.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { waitForTask } from '../../vsphere/task.ts';

/** The key in a VM's extra configuration that holds our token until the restore is committed. */
export const restoreTokenKey = 'quiesce.restoreToken';

export interface LeftoverDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A lease blocks its VM until it is over. One whose id never reached us cannot be aborted; the server ends it by itself
 * after 300 s without progress.
 */
const removalRetries: RetryPolicy = { attempts: 9, firstDelayMs: 2_000, factor: 2 };

/**
 * Destroys the VM whose configuration carries the record's token, if there is one: half restored, never the user's.
 * @throws CONFLICT if it is powered on: then somebody uses it, and a person must decide
 */
export async function removeLeftoverImport(
  session: VimSession,
  record: ImportedVmRecord,
  { clock, logger }: LeftoverDeps,
  signal: AbortSignal,
): Promise<void> {
  await retry(removalRetries, clock, signal, async () => {
    const vm = await findByToken(session, record, signal);
    if (vm === undefined) return;
    logger.info('destroying a half imported VM', { vm: record.vmName, id: vm.value });
    await destroy(session, vm, record.vmName, signal);
    if ((await findByToken(session, record, signal)) === undefined) return;
    throw new AppError(
      'CONFLICT',
      `${record.vmName}: the server reports the half imported VM as destroyed but lists it`,
      {
        object: record.vmName,
        retryable: true,
      },
    );
  });
}

async function destroy(session: VimSession, vm: MoRef, vmName: string, signal: AbortSignal): Promise<void> {
  try {
    const { 'runtime.powerState': power } = await readObject(
      session,
      'VirtualMachine',
      vm,
      ['runtime.powerState'],
      signal,
    );
    if (power === 'poweredOn') {
      throw new AppError('CONFLICT', `${vmName}: the half restored VM is powered on`, {
        object: vmName,
        remedy: `Decide about it by hand: delete it, or remove ${restoreTokenKey} from its configuration to keep it`,
      });
    }
    const task = await session.call('Destroy_Task', vm, {}, signal);
    await waitForTask(session, task, { what: 'destroying the half imported VM', object: vmName }, signal);
  } catch (error) {
    if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) throw error;
  }
}

/** By the id where it is known; otherwise among the VMs of that name, since the id may never have reached us. */
async function findByToken(
  session: VimSession,
  { vm, vmName, token }: ImportedVmRecord,
  signal: AbortSignal,
): Promise<MoRef | undefined> {
  const candidates =
    vm === undefined
      ? (await readAllOfType(session, 'VirtualMachine', ['name'], signal))
          .filter(({ properties }) => plainName(properties.name) === vmName)
          .map(({ object }) => object)
      : [{ type: 'VirtualMachine', value: vm }];
  for (const candidate of candidates) {
    if ((await tokenOf(session, candidate, signal)) === token) return candidate;
  }
  return undefined;
}

async function tokenOf(session: VimSession, vm: MoRef, signal: AbortSignal): Promise<unknown> {
  try {
    const path = 'config.extraConfig';
    const { [path]: extraConfig } = await readObject(session, 'VirtualMachine', vm, [path], signal);
    return extraConfig?.find(({ key }) => key === restoreTokenKey)?.value;
  } catch (error) {
    if (VimFaultError.isFault(error, 'ManagedObjectNotFound')) return undefined;
    throw error;
  }
}
