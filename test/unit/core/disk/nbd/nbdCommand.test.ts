import { expect, test } from 'vitest';

import { fillNbdCommand, nbdCommandOf } from '../../../../../src/core/disk/nbd/nbdCommand.ts';

const values = {
  ...{
    server: 'vcenter.lab',
    port: undefined,
    user: 'backup@vsphere.local',
    thumbprint: 'AA:BB',
    fingerprint: 'CC:DD',
  },
  ...{
    vm: 'vm-16',
    snapshot: 'snapshot-21',
    'vm-name': 'web 01',
    datacenter: 'Lab',
    file: '[ds 1] web/web.vmdk',
  },
  ...{ 'disk-key': '2000', library: undefined, 'password-fd': '3', socket: '/tmp/q/disk' },
};

test.each(['vddk', 'nfc', 'pynfc', 'vectura'])('the known command %s is complete', name => {
  const words = fillNbdCommand(nbdCommandOf([name]), values);
  expect(words.join('\n')).toMatchSnapshot();
  expect(words.join(' ')).not.toContain('{');
});

test('where a library is named, and a port, they are said', () => {
  const words = fillNbdCommand(nbdCommandOf(['vddk']), { ...values, port: '8443', library: '/opt/vddk' });
  expect(words).toContain('libdir=/opt/vddk');
  expect(words).toContain('port=8443');
});

test('a value is a part of one word, whatever is in it', () => {
  const odd = { ...values, file: "[d] $(reboot) '{user}'.vmdk" };
  expect(fillNbdCommand(['serve', '--disk={file}'], odd)).toEqual([
    'serve',
    "--disk=[d] $(reboot) '{user}'.vmdk",
  ]);
});

test.each([
  [[], 'without a program'],
  [['nbdkit', 'password={password}'], '"{password}"'],
])('%j is refused', (words, message) => {
  expect(() => fillNbdCommand(words, values)).toThrow(message);
});
