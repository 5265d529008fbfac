import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { listVms, type VmChangesDto, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';
import { logIn, startLab } from '../vcsim/servers.ts';

// Servers that show another certificate than the one they are known by.

const serviceInstance = { type: 'ServiceInstance', value: 'ServiceInstance' };

interface Requests {
  readonly main: number;
  readonly hosts: Readonly<Record<string, number>>;
}

describe('a server whose certificate changes in the middle of a session', () => {
  test('is sent nothing any more, neither cookie nor password, and the error names both', async () => {
    await using lab = await startLab();
    const open = await logIn(lab);
    await open.session.call('CurrentTime', serviceInstance, {}, anySignal);
    const { shown } = (await lab.control('certificate', {})) as { readonly shown: string };
    const before = (await lab.control('requests')) as Requests;
    expect(shown).not.toBe(lab.fingerprint);
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(open.session.call('CurrentTime', serviceInstance, {}, anySignal)).rejects.toMatchObject({
        code: 'UNTRUSTED_SERVER',
        message: `127.0.0.1 presented the certificate ${shown}, expected ${lab.fingerprint}`,
        remedy: expect.stringContaining('Compare the fingerprint') as string,
      });
    // Not even to log out.
    await open[Symbol.asyncDispose]();
    expect(await lab.control('requests')).toEqual(before);
    const { live } = (await lab.control('sessions')) as { readonly live: readonly unknown[] };
    expect(live).toHaveLength(1);
  });

  test('is lost to whoever follows its inventory, without being asked', async () => {
    await using lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    await using user = new WorkerUser(temporaryFolder('cert'));
    const client = await user.connect();
    await user.openPlaces(client, lab);
    const told: VmChangesDto[] = [];
    client.on(vmsChanged, changes => told.push(changes));
    expect((await client.request(listVms, { vcenter: 'lab' }, anySignal)).vms).toHaveLength(4);
    const { shown } = (await lab.control('POST', 'certificate', {})) as { readonly shown: string };
    const before = await lab.control('GET', 'requests');
    while (!told.some(({ isLost }) => isLost === true)) await systemClock.sleep(20, anySignal);
    await expect(client.request(listVms, { vcenter: 'lab' }, anySignal)).rejects.toMatchObject({
      code: 'UNTRUSTED_SERVER',
      message: expect.stringContaining(shown) as string,
    });
    expect(await lab.control('GET', 'requests')).toEqual(before);
  });
});

describe('hosts with a certificate of their own', () => {
  async function setUp(lab: RunningLab): Promise<QuiesceCli> {
    const cli = new QuiesceCli(temporaryFolder('hosts'));
    await cli.setUp(lab);
    await lab.setFaults({ leaseUrls: 'esx' });
    return cli;
  }

  const requestsTo = async (lab: RunningLab, host: string) =>
    ((await lab.control('GET', 'requests')) as Requests).hosts[host];

  test('are known by what the vCenter tells of them: disks and guest files travel, also after a renewal', async () => {
    await using lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    const cli = await setUp(lab);
    const { point } = (await cli.json('backup', 'web01')) as { readonly point: string };
    const [snapshot] = await lab.snapshots();
    const frozen = await lab.diskHash('web01', 2000, snapshot!.disks[0]!.position);
    expect(await requestsTo(lab, 'host-28')).toBe(1);
    await lab.control('POST', 'certificate', { host: 'host-28' });
    await cli.ok('restore', 'vm', point, '--name', 'again');
    expect(await lab.diskHash('again', 2000)).toBe(frozen);
    expect(await requestsTo(lab, 'host-28')).toBe(2);

    const [root] = lab.ready.guestAccounts;
    const account = ['--guest-user', 'root', '--guest-password-file', root!.passwordFile];
    await cli.ok('restore', 'file', point, '/var/lib/guest/identity.txt', '--to', join(cli.folder, 'files'));
    await lab.control('POST', 'guests/web01/remove?path=%2Fvar%2Flib%2Fguest%2Fidentity.txt');
    await cli.ok('restore', 'guest', point, '/var/lib/guest/identity.txt', ...account);
    expect(await lab.guestBytes('web01', '/var/lib/guest/identity.txt')).toEqual(
      readFileSync(join(cli.folder, 'files', 'identity.txt')),
    );
    expect(await requestsTo(lab, 'host-28')).toBeGreaterThan(2);
  });

  test('that show another one get not a byte, and leave nothing behind', async () => {
    await using lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    const cli = await setUp(lab);
    const { shown, told } = (await lab.control('POST', 'certificate', {
      host: 'host-28',
      isTold: false,
    })) as {
      readonly shown: string;
      readonly told: string;
    };
    const refused = await cli.run('backup', 'web01', '--json');
    expect(refused.code).toBe(14);
    expect(JSON.parse(refused.stdout.toString())).toMatchObject({
      error: {
        code: 'UNTRUSTED_SERVER',
        message: expect.stringContaining(`presented the certificate ${shown}, expected ${told}`) as string,
      },
    });
    expect(await requestsTo(lab, 'host-28')).toBe(0);
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
    expect(await lab.openLeases()).toEqual([]);
    expect(await cli.json('points')).toEqual([]);
    // The other host is who it says it is.
    await cli.ok('backup', 'db01');
  });
});
