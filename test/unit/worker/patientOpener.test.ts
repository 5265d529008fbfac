import { expect, test } from 'vitest';

import { AppError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { VCenterParams } from '../../../src/protocol/vcenter.ts';
import type { OpenVCenters, VCenterPlace } from '../../../src/worker/openers.ts';
import { OpenPlaces } from '../../../src/worker/openPlaces.ts';
import { PatientOpener } from '../../../src/worker/patientOpener.ts';
import { isSameVCenter } from '../../../src/worker/serve/vcenters.ts';
import { anySignal } from '../../support/anySignal.ts';
import { ManualClock } from '../../support/manualClock.ts';

const once = { name: 'vc', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA', password: 'secret' };
const params: VCenterParams = { ...once, keepTrying: true };
const unreachable = new AppError('UNREACHABLE', 'vc does not answer');
const refused = new AppError('AUTHENTICATION', 'vc does not accept the user admin');

/** A server that answers each login in turn; `open` from then on. */
function fixture(answers: readonly (AppError | 'open')[]) {
  const clock = new ManualClock();
  const left = [...answers];
  const told: unknown[] = [];
  let loginCount = 0;
  const vcenters: OpenVCenters = new OpenPlaces({
    ...{ kind: 'vCenter', isSame: isSameVCenter, logger: silentLogger },
  });
  const opener = new PatientOpener({
    ...{ clock, logger: silentLogger, vcenters },
    openers: {
      openVCenter: async () => {
        loginCount += 1;
        const answer = left.shift() ?? 'open';
        if (answer !== 'open') throw answer;
        return await Promise.resolve({ [Symbol.asyncDispose]: async () => {} } as unknown as VCenterPlace);
      },
    },
    guard: { startIfNeeded: async () => {} },
    snapshots: { look: async () => {} },
    tellClients: (_, change) => told.push(change),
    retryMs: attempt => 1000 * 2 ** attempt,
  });
  return { clock, opener, vcenters, told, loginCount: () => loginCount };
}

test('a server that cannot be reached is tried after longer and longer pauses, until it is open', async () => {
  const { clock, opener, vcenters, told, loginCount } = fixture([unreachable, unreachable, unreachable]);
  await expect(opener.open(params, anySignal)).rejects.toBe(unreachable);
  for (const [waitMs, logins] of [
    [999, 1],
    [1, 2],
    [1999, 2],
    [1, 3],
    [3999, 3],
  ] as const) {
    await clock.advance(waitMs);
    expect(loginCount()).toBe(logins);
  }
  expect(vcenters.list()).toEqual([]);
  await clock.advance(1);
  expect(vcenters.list()).toMatchObject([{ name: 'vc' }]);
  expect(told).toEqual([{ name: 'vc' }]);
  await clock.advance(600_000);
  expect(loginCount()).toBe(4);
});

test('a login that is refused is not repeated, and everybody is told why', async () => {
  const { clock, opener, told, loginCount } = fixture([unreachable, refused]);
  await expect(opener.open(params, anySignal)).rejects.toBe(unreachable);
  await clock.advance(1000);
  expect(told).toMatchObject([{ name: 'vc', problem: { code: 'AUTHENTICATION', message: refused.message } }]);
  await clock.advance(600_000);
  expect(loginCount()).toBe(2);
  const other = fixture([refused]);
  await expect(other.opener.open(params, anySignal)).rejects.toBe(refused);
  await other.clock.advance(600_000);
  expect(other.loginCount()).toBe(1);
});

test('only who asks for it has it tried again; whoever asks anew need not wait for the next attempt', async () => {
  const { clock, opener, vcenters, loginCount } = fixture([unreachable, unreachable, 'open']);
  await expect(opener.open(once, anySignal)).rejects.toBe(unreachable);
  await clock.advance(600_000);
  expect(loginCount()).toBe(1);
  await expect(opener.open(params, anySignal)).rejects.toBe(unreachable);
  await opener.open(once, anySignal);
  expect(vcenters.list()).toHaveLength(1);
  await clock.advance(600_000);
  expect(loginCount()).toBe(3);
});

test('what is stopped, or is at its end, is tried no longer', async () => {
  for (const end of [
    async (opener: PatientOpener) => expect(await opener.stop('vc')).toEqual(params),
    async (opener: PatientOpener) => await opener[Symbol.asyncDispose](),
  ]) {
    const { clock, opener, loginCount } = fixture([unreachable]);
    await expect(opener.open(params, anySignal)).rejects.toBe(unreachable);
    await end(opener);
    await clock.advance(600_000);
    expect(loginCount()).toBe(1);
    expect(await opener.stop('vc')).toBeUndefined();
  }
});
