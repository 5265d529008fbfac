import { expect, test } from 'vitest';

import { Secret } from '../../../src/base/secret.ts';
import { Sessions, type LabSession } from '../../../src/lab/sessions.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { seededRandom } from '../../support/seededRandom.ts';

function newSessions() {
  const clock = new ManualClock();
  const ended: LabSession[] = [];
  const sessions = new Sessions({
    accounts: [
      { userName: 'Admin@vsphere.local', password: new Secret('right') },
      { userName: 'Backup@vsphere.local', password: new Secret('other') },
    ],
    clock,
    random: seededRandom(1),
    onEnd: session => ended.push(session),
  });
  return { clock, ended, sessions };
}

test.each([
  ['Admin@vsphere.local', 'right', true],
  ['admin@VSPHERE.LOCAL', 'right', true],
  ['Admin@vsphere.local', 'Right', false],
  ['Admin@vsphere.local', '', false],
  ['admin', 'right', false],
  ['backup@vsphere.local', 'other', true],
  ['backup@vsphere.local', 'right', false],
])('%s with "%s" may log in: %s', (userName, password, allowed) => {
  expect(newSessions().sessions.login(userName, password, '') !== undefined).toBe(allowed);
});

test('a session lives as long as it is used at least every half hour', async () => {
  const { clock, ended, sessions } = newSessions();
  const session = sessions.login('Admin@vsphere.local', 'right', 'test');
  for (let call = 0; call < 3; call += 1) {
    await clock.advance(30 * 60_000);
    expect(sessions.find(session?.secret)).toBe(session);
  }
  await clock.advance(30 * 60_000 + 1);
  expect(sessions.find(session?.secret)).toBeUndefined();
  expect(ended).toEqual([session]);
  expect(session?.ended.signal.aborted).toBe(true);
  expect(sessions.past()).toMatchObject([{ key: session?.key, callCount: 3 }]);
});

test('sessions do not share secrets, and a secret that nobody has finds none', () => {
  const { sessions } = newSessions();
  const secrets = [1, 2, 3].map(() => sessions.login('Admin@vsphere.local', 'right', '')?.secret);
  expect(new Set(secrets).size).toBe(3);
  expect(sessions.find('0'.repeat(40))).toBeUndefined();
  expect(sessions.find(undefined)).toBeUndefined();
});
