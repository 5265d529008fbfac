import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import type { ReadRequest } from '../../src/core/jobs/backupVm/transports/diskTransport.ts';
import { nbdTransport } from '../../src/core/jobs/backupVm/transports/nbdTransport.ts';
import { readFingerprints } from '../../src/core/vsphere/node/pinnedAgent.ts';
import { listVms, type VmChangesDto, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';
import { toolTest } from '../support/tools.ts';
import { type Lab, logIn, startLab } from '../vcsim/servers.ts';

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

describe('a program that reads disks of the server for us', () => {
  /** What a backup asks for by NBD, of a program that leaves a trace as soon as it runs. */
  function request(lab: Lab, fingerprint: string, trace: string): ReadRequest {
    const backing = { fileName: '[datastore1] web01/web01.vmdk' };
    const disk = { label: 'Hard disk 1', capacityBytes: 64 * MiB, deviceKey: 2000, backing };
    const vm = { name: 'web01', ref: { type: 'VirtualMachine', value: 'vm-41' } };
    const snapshot = { vm, snapshot: { type: 'VirtualMachineSnapshot', value: 'snapshot-1' } };
    const script = `cat <&{password-fd} > ${trace}; echo {thumbprint} {fingerprint} >> ${trace}`;
    const command = ['sh', '-c', script, '{socket}'];
    const source = { password: async () => await Promise.resolve(new Secret(lab.password)) };
    return {
      place: { snapshot, disk, datacenterPath: 'Lab' },
      deps: {
        ...{ endpoint: { host: new URL(lab.url).host, identity: { fingerprint } } },
        ...{ clock: systemClock, logger: silentLogger },
        nbd: { settings: { command }, account: { user: lab.user, source } },
      },
    } as unknown as ReadRequest;
  }

  async function open(lab: Lab, fingerprint: string, trace: string): Promise<unknown> {
    const offer = nbdTransport.offer(request(lab, fingerprint, trace));
    if (offer === undefined || 'refused' in offer) throw new Error('it is not offered');
    return await offer.open(anySignal);
  }

  toolTest('openssl')(
    'is told the fingerprints that openssl reads of the server, and of no other',
    async () => {
      await using lab = await startLab();
      const { host } = new URL(lab.url);
      const identity = { fingerprint: lab.fingerprint };
      const read = (digest: string) => {
        const shown = execFileSync('openssl', ['s_client', '-connect', host], { input: '', stdio: 'pipe' });
        const line = execFileSync('openssl', ['x509', '-noout', '-fingerprint', `-${digest}`], {
          input: shown,
          encoding: 'utf8',
        });
        return line.trim().replace(/^.*=/, '');
      };
      const told = await readFingerprints(host, identity, anySignal);
      expect(told).toEqual({ sha1: read('sha1'), sha256: read('sha256') });
      expect(told.sha256).toBe(lab.fingerprint);

      const { shown } = (await lab.control('certificate', {})) as { readonly shown: string };
      await expect(readFingerprints(host, identity, anySignal)).rejects.toMatchObject({
        code: 'UNTRUSTED_SERVER',
        message: `127.0.0.1 presented the certificate ${shown}, expected ${lab.fingerprint}`,
      });
    },
  );

  test('is not started, nor told the password, where another server answers', async () => {
    await using lab = await startLab();
    const trace = join(temporaryFolder('nbd'), 'password');
    await expect(open(lab, lab.fingerprint, trace)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    // It did run where the server was who it should be.
    const identity = { fingerprint: lab.fingerprint };
    const { sha1, sha256 } = await readFingerprints(new URL(lab.url).host, identity, anySignal);
    expect(readFileSync(trace, 'utf8')).toBe(`${lab.password}\n${sha1} ${sha256}\n`);

    const another = join(temporaryFolder('nbd'), 'password');
    const { shown } = (await lab.control('certificate', {})) as { readonly shown: string };
    await expect(open(lab, lab.fingerprint, another)).rejects.toMatchObject({
      code: 'UNTRUSTED_SERVER',
      message: `127.0.0.1 presented the certificate ${shown}, expected ${lab.fingerprint}`,
      remedy: expect.stringContaining('Compare the fingerprint') as string,
    });
    expect(existsSync(another)).toBe(false);
  });
});
