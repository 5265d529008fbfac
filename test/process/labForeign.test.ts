import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { startLab, type Lab } from '../vcsim/servers.ts';
import { pyvmomiGenerations, runPyvmomi } from '../support/pyvmomi.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

interface Seen {
  readonly snapshot: { readonly id: string };
  readonly exports: readonly { readonly path: string }[];
}

const cases = pyvmomiGenerations.flatMap(client =>
  ['vsphere', 'qemu'].map(vmdkDialect => ({ ...client, vmdkDialect })),
);

// A client nobody here has written: it reads our answers strictly by its own tables, and qemu-img reads our disks.
toolTest('qemu-img', 'python3').each(cases)(
  '$program backs up and restores on vSphere $release, disks in the $vmdkDialect dialect',
  async ({ vmdkDialect, ...client }) => {
    const folder = temporaryFolder('lab-foreign');
    await using lab = await startLab(['--api-version', client.release]);
    await lab.control('faults', { vmdkDialect });
    await lab.control('disks/db01/2000/burst', { bytes: MiB, scattered: true });
    const [raw, vmdk] = [join(folder, 'import.raw'), join(folder, 'import.vmdk')];
    writeFileSync(raw, importedContent());
    execFileSync('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, vmdk]);

    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, lab.password);
    const commandLine = [lab.url, lab.user, passwordFile, folder, vmdk, String(20 * MiB)];
    const seen = runPyvmomi(client, 'labForeignClient.py', commandLine) as Seen;
    expect(seen).toMatchObject({
      wrongPassword: 'InvalidLogin',
      about: { apiType: 'VirtualCenter', version: `${client.release}.0` },
      tree: {
        name: 'Datacenters',
        children: [
          {
            name: 'Lab',
            children: [
              {
                name: 'vm',
                children: [
                  { name: 'Archive', children: [{ name: 'archive01' }] },
                  { name: 'Production', children: [{ name: 'db01' }, { name: 'web01' }] },
                  { name: 'build01' },
                ],
              },
              { name: 'host', children: [{ name: 'Cluster' }] },
            ],
          },
        ],
      },
      vms: {
        archive01: {
          powerState: 'poweredOff',
          folder: 'Archive',
          disks: ['[datastore2] archive01/archive01.vmdk'],
        },
        build01: { powerState: 'poweredOn', folder: 'vm' },
        db01: {
          folder: 'Production',
          disks: ['[datastore1] db01/db01.vmdk', '[datastore1] db01/db01_1.vmdk'],
        },
        web01: {
          powerState: 'poweredOn',
          host: 'esx01.lab.invalid',
          guest: 'Debian GNU/Linux 12 (64-bit)',
          memoryMB: 4096,
        },
      },
      snapshot: { quiesced: true, description: 'token' },
      exports: [1, 2].map(() => ({ type: 'application/x-vnd.vmware-streamVmdk', manifest: true })),
      leaseState: 'done',
      afterRemoval: { snapshot: null, config: 'ManagedObjectNotFound' },
      import: {
        sameDevice: true,
        truncated: 400,
        damaged: 400,
        whole: 200,
        name: 'foreign01',
        annotation: 'foreign',
        numCPU: 2,
        option: ['v'],
        found: true,
      },
      exportOfRunning: 'InvalidPowerState',
      alreadyOn: 'InvalidPowerState',
      afterLogout: 'NotAuthenticated',
    });

    for (const [index, { path }] of seen.exports.entries()) {
      execFileSync('qemu-img', ['check', '-q', path]);
      const exported = join(folder, `export-${index}.raw`);
      execFileSync('qemu-img', ['convert', '-O', 'raw', path, exported]);
      expect(await sha256OfFile(exported)).toBe(await frozenSha256(lab, seen.snapshot.id, index));
    }
    const { sha256 } = (await lab.control('disks/foreign01/2000/sha256')) as { sha256: string };
    expect(sha256).toBe(createHash('sha256').update(importedContent()).digest('hex'));
  },
);

/** 20 MiB with holes, every 4 bytes of the rest different. */
function importedContent(): Uint8Array {
  const bytes = Buffer.alloc(20 * MiB);
  for (const start of [0, 7 * MiB, 20 * MiB - 512])
    for (let offset = start; offset < Math.min(start + MiB, bytes.length); offset += 4)
      bytes.writeUInt32LE(Math.imul(offset + 1, 0x9e3779b1) >>> 0, offset);
  return bytes;
}

async function frozenSha256(lab: Lab, snapshotId: string, disk: number): Promise<string> {
  const history = (await lab.control('snapshots')) as {
    readonly snapshotId: string;
    readonly disks: readonly { readonly deviceKey: number; readonly position: number }[];
  }[];
  const { deviceKey, position } = history.find(record => record.snapshotId === snapshotId)!.disks[disk]!;
  const answer = (await lab.control(`disks/db01/${deviceKey}/sha256?position=${position}`)) as {
    sha256: string;
  };
  return answer.sha256;
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
