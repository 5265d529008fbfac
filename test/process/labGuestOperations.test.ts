import { createHash } from 'node:crypto';

import { expect } from 'vitest';

import { pyvmomiGenerations, runPyvmomi } from '../support/pyvmomi.ts';
import { RunningLab } from '../support/runningLab.ts';
import { toolTest } from '../support/tools.ts';

// A client nobody here has written goes through the whole cycle of a file in a guest.
toolTest('python3').each(pyvmomiGenerations)(
  '$program uploads, lists, moves, changes, downloads and removes a guest file on vSphere $release',
  async client => {
    await using lab = await RunningLab.start(['--profile', 'small', '--api-version', client.release]);
    const { url, user, passwordFile, guestAccounts } = lab.ready;
    const passwords = guestAccounts.map(account => account.passwordFile);
    const commandLine = [url, user, passwordFile, ...passwords];
    const seen = runPyvmomi(client, 'labGuestClient.py', commandLine) as { readonly content: string };
    const state = await lab.guestFile('web01', '/etc/foreign/moved.bin');
    expect(seen).toMatchObject({
      wrongPassword: 'InvalidGuestLogin',
      poweredOff: 'InvalidPowerState',
      unprivileged: 'GuestPermissionDenied',
      upload: 200,
      uploadAgain: 'FileAlreadyExists',
      tokenAgain: 404,
      listed: { type: 'file', size: 300_000, owner: 12, group: 34, permissions: 0o640 },
      symlink: { type: 'symlink', target: 'numbers.txt' },
      moved: ['moved.bin'],
      changed: { owner: 1000, permissions: 0o600, time: '2026-01-02T03:04:05+00:00' },
      downloaded: true,
      imageFile: 'NAME="Lab Guest"\nVERSION="1"\nID=labguest\n',
      temporary: true,
      disks: [['/', client.program === 'pyvmomi-6.7' ? null : 2000]],
      left: ['kept.bin', 'moved.bin'],
    });
    expect(state).toMatchObject({ kind: 'file', sizeBytes: 300_000, mode: 0o600, uid: 1000, gid: 34 });
    const kept = await lab.guestBytes('web01', '/etc/foreign/moved.bin');
    expect(createHash('sha256').update(kept).digest('hex')).toBe(seen.content);
  },
);
