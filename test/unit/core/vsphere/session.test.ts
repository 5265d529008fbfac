import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { HttpNfcLease } from '../../../../src/core/vsphere/httpNfcLease.ts';
import { readAllOfType, readProperties } from '../../../../src/core/vsphere/propertyCollector.ts';
import { UnknownOutcomeError } from '../../../../src/core/vsphere/session.ts';
import { waitForTask } from '../../../../src/core/vsphere/task.ts';
import type { Vim } from '../../../../src/core/vsphere/vimCaller.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fault, ref, scriptedSession, update } from '../../../support/scriptedCaller.ts';
import type { Script } from '../../../support/scriptedCaller.ts';

const minuteMs = 60_000;

describe('a session', () => {
  test('logs in, and out again at its end', async () => {
    const { caller, session } = await scriptedSession({});
    expect(session.instanceUuid).toBe('vc-uuid');
    await session[Symbol.asyncDispose]();
    expect(caller.calls.map(({ operation }) => operation)).toEqual([
      'RetrieveServiceContent',
      'Login',
      'Logout',
    ]);
  });

  test('whose login is cancelled on its way is logged out again', async () => {
    const cancelled = new AbortController();
    const operations: string[] = [];
    const opening = scriptedSession(
      {
        Login: () => {
          cancelled.abort();
          return {} as never;
        },
        Logout: () => {
          operations.push('Logout');
          return undefined;
        },
      },
      undefined,
      cancelled.signal,
    );
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(operations).toEqual(['Logout']);
  });

  test('names user and server, and no password, when they are refused', async () => {
    const opening = scriptedSession({
      Login: () => {
        throw fault('InvalidLogin');
      },
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'AUTHENTICATION', object: 'vc.example' });
    expect((error as AppError).message).toContain('backup');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter-2');
  });

  test('is opened again once for all calls that find it expired', async () => {
    let isExpired = false;
    const { caller, session } = await scriptedSession({
      Login: () => {
        isExpired = false;
        return {} as never;
      },
      CurrentTime: async () => {
        await Promise.resolve();
        if (isExpired) throw fault('NotAuthenticated');
        return new Date(0);
      },
    });
    isExpired = true;
    const target = ref('ServiceInstance', 'ServiceInstance');
    const calls = Array.from(
      { length: 5 },
      async () => await session.call('CurrentTime', target, {}, anySignal),
    );
    expect(await Promise.all(calls)).toHaveLength(5);
    expect(caller.count('Login')).toBe(2);
    expect(caller.count('CurrentTime')).toBe(10);
  });

  test('is not opened once more for a call that finds out later', async () => {
    let isExpired = false;
    let tell = (): void => undefined;
    const late = new Promise<void>(resolve => (tell = resolve));
    const { caller, session } = await scriptedSession({
      Login: () => {
        isExpired = false;
        return {} as never;
      },
      CurrentTime: () => {
        if (isExpired) throw fault('NotAuthenticated');
        return new Date(0);
      },
      WaitForUpdatesEx: async () => {
        if (caller.count('WaitForUpdatesEx') > 1) return undefined;
        await late;
        throw fault('NotAuthenticated');
      },
    });
    const target = ref('ServiceInstance', 'ServiceInstance');
    const waiting = session.call('WaitForUpdatesEx', target, { version: '' }, anySignal);
    isExpired = true;
    await session.call('CurrentTime', target, {}, anySignal);
    tell();
    expect(await waiting).toBeUndefined();
    expect(caller.count('Login')).toBe(2);
  });

  test('never sends twice what must not be done twice, and says that nobody knows', async () => {
    const vm = ref('VirtualMachine', 'vm-1');
    const args = { name: 'a', memory: false, quiesce: false };
    const { caller, session } = await scriptedSession({
      CreateSnapshot_Task: () => {
        throw fault('NotAuthenticated');
      },
      RemoveSnapshot_Task: () => {
        if (caller.count('RemoveSnapshot_Task') === 1) throw fault('NotAuthenticated');
        return ref('Task', 'task-1');
      },
    });
    const error: unknown = await session
      .call('CreateSnapshot_Task', vm, args, anySignal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnknownOutcomeError);
    expect(error).toMatchObject({
      code: 'CONFLICT',
      operation: 'CreateSnapshot_Task',
      message: expect.stringContaining('not known') as string,
    });
    expect(caller.count('CreateSnapshot_Task')).toBe(1);
    // The session is open again, for what comes next.
    expect(caller.count('Login')).toBe(2);
    const snapshot = ref('VirtualMachineSnapshot', 's-1');
    await session.call('RemoveSnapshot_Task', snapshot, { removeChildren: false }, anySignal);
    expect(caller.count('RemoveSnapshot_Task')).toBe(2);
  });

  test('after a pause is looked at before something that must not be done twice', async () => {
    let isExpired = false;
    const { caller, clock, session } = await scriptedSession({
      Login: () => {
        isExpired = false;
        return {} as never;
      },
      CurrentTime: () => {
        if (isExpired) throw fault('NotAuthenticated');
        return new Date(0);
      },
      PowerOnVM_Task: () => {
        if (isExpired) throw fault('NotAuthenticated');
        return ref('Task', 'task-1');
      },
    });
    await session.call('PowerOnVM_Task', ref('VirtualMachine', 'vm-1'), {}, anySignal);
    expect(caller.count('CurrentTime')).toBe(0);
    // The machine sleeps: nobody keeps the session alive.
    clock.jump(45 * minuteMs);
    isExpired = true;
    await session.call('PowerOnVM_Task', ref('VirtualMachine', 'vm-1'), {}, anySignal);
    expect(caller.count('PowerOnVM_Task')).toBe(2);
    expect(caller.count('Login')).toBe(2);
  });

  test('is kept alive while nobody uses it', async () => {
    const { caller, clock, session } = await scriptedSession({});
    await clock.advance(16 * minuteMs);
    expect(caller.count('CurrentTime')).toBe(3);
    await session[Symbol.asyncDispose]();
    await clock.advance(16 * minuteMs);
    expect(caller.count('CurrentTime')).toBe(3);
  });
});

describe('properties', () => {
  const page = (first: number, count: number, token?: string): Vim<'RetrieveResult'> => ({
    ...(token === undefined ? {} : { token }),
    objects: Array.from({ length: count }, (_, index) => ({
      obj: ref('VirtualMachine', `vm-${first + index}`),
      propSet: [{ name: 'name', val: `VM ${first + index}` }],
    })),
  });

  test('are read in pages, and the view is given back', async () => {
    const { caller, session } = await scriptedSession({
      RetrievePropertiesEx: ({ options }) => page(0, options.maxObjects ?? 0, 'more'),
      ContinueRetrievePropertiesEx: ({ token }) =>
        token === 'more' ? page(100, 100, 'last') : page(200, 17),
    });
    const found = await readAllOfType(session, 'VirtualMachine', ['name'], anySignal);
    expect(found.map(({ properties }) => properties.name)).toEqual(
      Array.from({ length: 217 }, (_, index) => `VM ${index}`),
    );
    expect(caller.count('DestroyView')).toBe(1);
  });

  test('of nothing ask nobody', async () => {
    const { caller, session } = await scriptedSession({});
    expect(await readProperties(session, 'VirtualMachine', [], ['name'], anySignal)).toEqual([]);
    expect(caller.count('RetrievePropertiesEx')).toBe(0);
  });
});

describe('a task', () => {
  const task = ref('Task', 'task-1');
  const what = { what: 'creating the snapshot', object: 'web01' };

  function answers(...steps: (() => ReturnType<NonNullable<Script['WaitForUpdatesEx']>>)[]): Script {
    return { WaitForUpdatesEx: async () => await (steps.shift() ?? (() => undefined))() };
  }

  test('gives its result and tells of its progress', async () => {
    const { caller, session } = await scriptedSession(
      answers(
        () => update(task, { 'info.state': 'running', 'info.progress': 20 }),
        () => undefined,
        () => update(task, { 'info.state': 'success', 'info.result': ref('VirtualMachineSnapshot', 's-1') }),
      ),
    );
    const progress: number[] = [];
    const onProgress = (percent: number) => void progress.push(percent);
    expect(await waitForTask(session, task, { ...what, onProgress }, anySignal)).toEqual(
      ref('VirtualMachineSnapshot', 's-1'),
    );
    expect(progress).toContain(20);
    expect(caller.count('DestroyPropertyCollector')).toBe(1);
  });

  test('throws its own fault', async () => {
    const error = { fault: { _type: 'ApplicationQuiesceFault' }, localizedMessage: 'VSS says no.' };
    const { session } = await scriptedSession(
      answers(() => update(task, { 'info.state': 'error', 'info.error': error })),
    );
    await expect(waitForTask(session, task, what, anySignal)).rejects.toMatchObject({
      code: 'QUIESCE_FAILED',
      message: 'web01: creating the snapshot failed: VSS says no (ApplicationQuiesceFault)',
    });
  });

  test('goes on when the session, and with it the collector, is lost', async () => {
    const { caller, session } = await scriptedSession(
      answers(
        () => {
          throw fault('ManagedObjectNotFound', { obj: ref('PropertyCollector', 'own') });
        },
        () => update(task, { 'info.state': 'success' }),
      ),
    );
    expect(await waitForTask(session, task, what, anySignal)).toBeUndefined();
    expect(caller.count('CreatePropertyCollector')).toBe(2);
  });

  test('is asked to stop when nobody waits any more', async () => {
    const abort = new AbortController();
    const { caller, session } = await scriptedSession(
      answers(() => {
        abort.abort();
        throw new AppError('CANCELLED', 'the operation was cancelled');
      }),
    );
    await expect(waitForTask(session, task, what, abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(caller.calls).toContainEqual({ operation: 'CancelTask', target: 'task-1', args: {} });
  });
});

describe('a lease', () => {
  const lease = ref('HttpNfcLease', 'lease-1');
  const info = {
    ...{ lease, entity: ref('VirtualMachine', 'vm-1'), totalDiskCapacityInKB: 0, leaseTimeout: 300 },
  };

  async function ready(script: Script) {
    const opened = await scriptedSession({
      WaitForUpdatesEx: () => update(lease, { state: 'ready', info }),
      ...script,
    });
    const deps = { clock: opened.clock, logger: silentLogger };
    return { ...opened, lease: await HttpNfcLease.ready(opened.session, lease, 'web01', deps, anySignal) };
  }

  test('is kept alive every 30 seconds, although nothing moves', async () => {
    const opened = await ready({});
    await opened.clock.advance(10 * minuteMs);
    const told = opened.caller.calls.filter(({ operation }) => operation === 'HttpNfcLeaseProgress');
    expect(told).toHaveLength(21);
    expect(new Set(told.map(({ args }) => JSON.stringify(args)))).toEqual(new Set(['{"percent":0}']));
    opened.lease.percent = 55.9;
    await opened.clock.advance(30_000);
    expect(opened.caller.calls.at(-1)).toEqual({
      operation: 'HttpNfcLeaseProgress',
      target: 'lease-1',
      args: { percent: 55 },
    });
    await opened.lease.complete(anySignal);
    await opened.lease.abort();
    expect(opened.caller.count('HttpNfcLeaseComplete')).toBe(1);
    expect(opened.caller.count('HttpNfcLeaseAbort')).toBe(0);
  });

  test('survives a server that is away for less than its time', async () => {
    let isAway = true;
    const opened = await ready({
      HttpNfcLeaseProgress: () => {
        if (isAway) throw new AppError('UNREACHABLE', 'away');
        return undefined;
      },
    });
    await opened.clock.advance(4 * minuteMs);
    expect(opened.lease.lost.aborted).toBe(false);
    isAway = false;
    await opened.clock.advance(30_000);
    isAway = true;
    await opened.clock.advance(6 * minuteMs);
    expect(opened.lease.lost.reason).toMatchObject({ code: 'UNREACHABLE', retryable: true });
    await expect(opened.lease.complete(anySignal)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('that the server has ended is lost at once', async () => {
    const opened = await ready({
      HttpNfcLeaseProgress: () => {
        throw fault('ManagedObjectNotFound', { obj: lease });
      },
    });
    await opened.clock.advance(0);
    expect(opened.lease.lost.aborted).toBe(true);
    await opened.lease.abort();
    expect(opened.caller.count('HttpNfcLeaseAbort')).toBe(1);
  });

  test('that never becomes ready is aborted', async () => {
    const error = { fault: { _type: 'FileLocked', file: 'a.vmdk' }, localizedMessage: 'Locked.' };
    const opening = scriptedSession({ WaitForUpdatesEx: () => update(lease, { state: 'error', error }) });
    const { caller, clock, session } = await opening;
    const deps = { clock, logger: silentLogger };
    await expect(HttpNfcLease.ready(session, lease, 'web01', deps, anySignal)).rejects.toMatchObject({
      code: 'CONFLICT',
      retryable: true,
    });
    expect(caller.count('HttpNfcLeaseAbort')).toBe(1);
  });
});
