import { expect, test } from 'vitest';

import { Lease } from '../../../../src/lab/model/lease.ts';
import { ObjectRegistry } from '../../../../src/lab/model/objectRegistry.ts';
import { VimFault } from '../../../../src/lab/soap/vimFault.ts';
import { ManualClock } from '../../../support/manualClock.ts';

function newLease(timeoutSeconds: number) {
  const clock = new ManualClock();
  const ends: boolean[] = [];
  const request = {
    vm: { type: 'VirtualMachine', value: 'vm-1' },
    host: { type: 'HostSystem', value: 'h' },
    vmName: 'web01',
    secret: 'secret',
    timeoutSeconds,
    urlHost: '*',
    sslThumbprint: 'AA',
    onEnd: (completed: boolean) => ends.push(completed),
  };
  const lease = new Lease({ type: 'HttpNfcLease', value: 'l' }, request, new ObjectRegistry(), clock);
  return { lease, clock, ends };
}

function faultOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof VimFault ? error.type : String(error);
  }
}

test('a lease times out unless progress is told, even if it is no progress', async () => {
  const { lease, clock, ends } = newLease(300);
  await clock.advance(200_000);
  lease.becomeReady([]);
  for (let round = 0; round < 5; round += 1) {
    await clock.advance(299_999);
    expect(lease.state).toBe('ready');
    lease.progress(0);
  }
  await clock.advance(300_001);
  expect([lease.state, lease.endSignal.aborted, ends]).toEqual(['error', true, [false]]);
  expect(lease.property('error')).toMatchObject({ fault: { _type: 'Timedout' } });
  expect(faultOf(() => lease.progress(1))).toBe('Timedout');
  expect(faultOf(() => lease.complete())).toBe('Timedout');
  expect(clock.sleeperCount).toBe(0);
});

test('what is over stays as it ended', async () => {
  const { lease, clock, ends } = newLease(300);
  expect(faultOf(() => lease.complete())).toBe('InvalidState');
  expect(lease.property('info')).toBeUndefined();
  lease.becomeReady([]);
  lease.complete();
  lease.fail(new VimFault('RequestCanceled', ''));
  lease.becomeReady([]);
  await clock.advance(1_000_000);
  expect([lease.state, ends]).toEqual(['done', [true]]);
});

test('a lease that was given up before it was ready does not become so', () => {
  const { lease, ends } = newLease(300);
  lease.fail(new VimFault('RequestCanceled', ''));
  lease.becomeReady([]);
  expect([lease.state, ends]).toEqual(['error', [false]]);
});

test('a lease with a limit lets through what its time allows, over all of its transfers', async () => {
  const { lease, clock } = newLease(300);
  lease.becomeReady([]);
  const passed: string[] = [];
  const send = async (name: string, bytes: number) => {
    await lease.pace(bytes, 1000, lease.endSignal);
    passed.push(name);
  };
  const all = Promise.all([send('a', 500), send('b', 1000), send('c', 500)]);
  await clock.advance(499);
  expect(passed).toEqual([]);
  await clock.advance(1);
  expect(passed).toEqual(['a']);
  await clock.advance(999);
  expect(passed).toEqual(['a']);
  await clock.advance(501);
  await all;
  expect(passed).toEqual(['a', 'b', 'c']);
  // Time in which nothing was sent is not saved up, but for what a timer may have been late.
  await clock.advance(10_000);
  void send('d', 1000);
  await clock.advance(799);
  expect(passed).toHaveLength(3);
  await clock.advance(1);
  expect(passed).toHaveLength(4);
});
