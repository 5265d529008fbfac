import { expect, test } from 'vitest';

import { silentLogger } from '../../../src/base/logger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { LabServer } from '../../../src/lab/http/labServer.ts';
import { parseOptions } from '../../../src/lab/options.ts';
import { selfSignedCertificate } from '../../../src/lab/tls/selfSigned.ts';

test('options have defaults', () => {
  expect(parseOptions([])).toEqual({
    listen: '127.0.0.1:0',
    accounts: [],
    images: undefined,
    state: undefined,
    seed: 1,
    time: { startAt: undefined, isStill: false },
    profile: undefined,
    userName: 'administrator@vsphere.local',
    passwordFile: undefined,
    certificateFile: undefined,
    blockDeviceFolder: undefined,
    activity: true,
    exitWithParent: false,
    generatedVmCount: 0,
    personality: { apiVersion: '8.0.3.0', productVersion: '8.0.3', hardware: 'vmx-21', isHost: false },
    dumpFolder: undefined,
  });
});

test('accounts come with their roles', () => {
  const { accounts } = parseOptions(['--account', 'a@lab=ReadOnly', '--account', 'b@lab=NoAccess']);
  expect(accounts).toEqual([
    { userName: 'a@lab', role: 'ReadOnly' },
    { userName: 'b@lab', role: 'NoAccess' },
  ]);
});

test.each([
  [['--start-at', 'yesterday']],
  [['--clock', 'slow']],
  [['--api-version', '4.1']],
  [['--import', '/somewhere', '--generate', '100']],
  [['--esx', '--generate', '100']],
  [['--profile', 'large']],
  [['--seed', 'x']],
  [['--nonsense']],
  [['stray']],
  [['--listen']],
  [['--account', 'x=Root']],
])('refuses %j', commandLine => {
  expect(() => parseOptions(commandLine)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test.each([
  '0.0.0.0:0',
  '192.0.2.1:443',
  '[::]:0',
  'example.com:443',
  '127.0.0.1',
  '127.0.0.1:99999',
  ':0',
  '127.0.0.1.example.com:0',
])('does not listen on %s', async address => {
  await using server = new LabServer(await selfSignedCertificate('x', systemClock), silentLogger);
  await expect(server.listen(address)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});
