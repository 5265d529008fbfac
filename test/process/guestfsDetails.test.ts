import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { GuestFileSystem } from '../../src/core/guestfs/guestFileSystem.ts';
import type { NodeDetails } from '../../src/core/guestfs/nodeDetails.ts';
import { sddlOf } from '../../src/core/guestfs/ntfs/sddl.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyImage, mounted, mountedNtfs, mountTestWith, withGuestImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const made: readonly [string, string, readonly string[]][] = [
  ['ext4', 'mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '4096']],
  ['ext4 without checksums', 'mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-O', '^metadata_csum']],
  ['ext4 with small inodes', 'mke2fs', ['-q', '-F', '-t', 'ext4', '-I', '128', '-b', '4096']],
  ['ext4 with inline data', 'mke2fs', ['-q', '-F', '-t', 'ext4', '-O', 'inline_data', '-b', '4096']],
  ['ext4 with values in inodes', 'mke2fs', ['-q', '-F', '-t', 'ext4', '-O', 'ea_inode', '-b', '4096']],
  ['XFS', 'mkfs.xfs', ['-q', '-f']],
  ['XFS with blocks of 1 KiB', 'mkfs.xfs', ['-q', '-f', '-b', 'size=1024']],
  ['Btrfs', 'mkfs.btrfs', ['-q', '-f']],
];

/** What getfattr and getfacl of the mounted image say of a node, in the words of the reader. */
function truthOf(path: string): Pick<NodeDetails, 'acl' | 'defaultAcl' | 'attributes'> {
  const said = execFileSync('getfattr', ['-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names', path], {
    encoding: 'utf8',
    maxBuffer: 64 * MiB,
  });
  const attributes = said
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#') && !line.startsWith('system.posix_acl'))
    .map(line => {
      const [name = '', value = ''] = line.split('=0x');
      return { name, sizeBytes: value.length / 2 };
    })
    // XFS shows the entries under the name that it stores them by, too.
    .filter(({ name }) => !name.startsWith('trusted.SGI_ACL_'))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const acl = execFileSync('getfacl', ['-n', '-c', '-E', '-p', path], { encoding: 'utf8' })
    .split('\n')
    .filter(line => line !== '');
  const access = acl.filter(line => !line.startsWith('default:'));
  // Of a node without entries getfacl tells the mode as three of them.
  return {
    acl: access.length === 3 ? [] : access,
    defaultAcl: acl.filter(line => line.startsWith('default:')).map(line => line.slice('default:'.length)),
    attributes,
  };
}

mountTestWith('getfacl').each(made)(
  'owners, entries and attributes are those that the kernel tells: %s',
  async (what, program, options) => {
    const folder = temporaryFolder('details');
    const image = join(folder, 'disk.img');
    emptyImage(image, 400 * MiB);
    execFileSync(program, [...options, image], { stdio: 'ignore' });
    const paths = ['/plain', '/few', '/many', '/large', '/entries', '/folder', '/folder/inherits', '/linked'];
    const truth = mounted(image, folder, mountPoint => {
      const at = (path: string) => join(mountPoint, path);
      const set = (path: string, name: string, value: string) =>
        execFileSync('setfattr', ['-h', '-n', name, '-v', value, at(path)]);
      for (const path of ['plain', 'few', 'many', 'large', 'entries']) writeFileSync(at(path), `${path}\n`);
      set('few', 'user.comment', 'a few words');
      set('few', 'user.empty', '');
      set('few', 'trusted.ours', 'x');
      set('few', 'security.label', 'secret');
      set('few', 'user.grüße', 'ü');
      // ext4 without values in inodes has one block for all of them; elsewhere they fill an index.
      const count = what.startsWith('ext4') ? 12 : 1500;
      for (let index = 0; index < count; index += 1) set('many', `user.${index}`, 'v'.repeat(index % 50));
      const largest = what.startsWith('ext4') ? (what.includes('values') ? 9000 : 700) : 15_000;
      set('large', 'user.large', 'l'.repeat(largest));
      set('large', 'user.small', 's');
      execFileSync('setfacl', ['-m', 'u:1000:rw,u:70000:r,g:50:rx,m::rw', at('entries')]);
      mkdirSync(at('folder'));
      execFileSync('setfacl', ['-m', 'u:1001:rwx', '-d', '-m', 'u:1002:r-x,g:51:---', at('folder')]);
      writeFileSync(at('folder/inherits'), '');
      execFileSync('ln', ['-s', 'plain', at('linked')]);
      set('linked', 'trusted.of-link', 'x');
      return paths
        .filter(path => path !== '/linked')
        .map(path => ({
          path,
          ...truthOf(at(path)),
          problems: [],
          streams: [],
          securityDescriptor: undefined,
        }));
    });

    await withGuestImage(image, async fileSystem => {
      const found: (NodeDetails & { readonly path: string })[] = [];
      for (const { path } of truth) found.push({ path, ...(await detailsOf(fileSystem, path)) });
      expect(found).toEqual(truth);
      const byPath = new Map(found.map(details => [details.path, details]));
      expect(byPath.get('/few')!.attributes).toHaveLength(5);
      expect(byPath.get('/entries')!.acl).toContain('user:70000:r--');
      expect(byPath.get('/folder')!.defaultAcl).toContain('user:1002:r-x');
      expect(byPath.get('/folder/inherits')!.acl).not.toEqual([]);
      const linked = await detailsOf(fileSystem, '/linked');
      expect(linked.attributes).toEqual([{ name: 'trusted.of-link', sizeBytes: 1 }]);
    });
  },
);

async function detailsOf(fileSystem: GuestFileSystem, path: string): Promise<NodeDetails> {
  return await fileSystem.details(await fileSystem.lookup(path, anySignal), anySignal);
}

/** As Windows writes them. */
const descriptors = [
  'O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;BU)',
  'O:S-1-5-21-1-2-3-1001G:S-1-5-21-1-2-3-513D:AI(D;ID;SDRC;;;S-1-5-21-1-2-3-1002)(A;ID;FA;;;BA)',
  'O:SYG:SYD:(A;;FR;;;WD)(A;;FW;;;AU)(A;;FX;;;IU)S:AI(AU;OICISAFA;FA;;;WD)',
  'O:LSG:NSD:AR(A;NP;GXGR;;;AN)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;LS)',
  'O:BAG:BAD:',
];

const rights: Readonly<Record<string, number>> = {
  ...{ FA: 0x1f_01ff, FR: 0x12_0089, FW: 0x12_0116, FX: 0x12_00a0 },
  ...{ CC: 0x1, DC: 0x2, LC: 0x4, SW: 0x8, RP: 0x10, WP: 0x20, DT: 0x40, LO: 0x80, CR: 0x100 },
  ...{ SD: 0x1_0000, RC: 0x2_0000, WD: 0x4_0000, WO: 0x8_0000 },
  ...{ GA: 0x1000_0000, GX: 0x2000_0000, GW: 0x4000_0000, GR: 0x8000_0000 },
};

/** Rights as numbers: Samba has an order of its own for the letters, and takes FA for something else. */
function withNumbers(sddl: string): string {
  return sddl.replace(/(\(\w+;\w*;)(\w+)/g, (_, before: string, text: string) => {
    const letters = text.startsWith('0x') ? [] : (text.match(/../g) ?? []);
    const mask = letters.length === 0 ? Number(text) : letters.reduce((sum, pair) => sum + rights[pair]!, 0);
    return `${before}0x${mask.toString(16)}`;
  });
}

function bySamba(): readonly { readonly bytes: Buffer; readonly sddl: string }[] {
  const program = join(import.meta.dirname, 'sddlBySamba.py');
  const input = `${descriptors.map(withNumbers).join('\n')}\n`;
  const said = execFileSync('/usr/bin/python3', [program], { input, encoding: 'utf8' });
  return said
    .trimEnd()
    .split('\n')
    .map(line => {
      const [hex = '', sddl = ''] = line.split(' ');
      return { bytes: Buffer.from(hex, 'hex'), sddl };
    });
}

toolTest('samba-tool')('security descriptors of Samba read as Windows writes them', () => {
  const all = bySamba();
  expect(all.map(({ sddl }) => withNumbers(sddl))).toEqual(descriptors.map(withNumbers));
  expect(all.map(({ bytes }) => sddlOf(bytes))).toEqual(descriptors.map(text => ({ text, problems: [] })));
});

/** Makes files whose descriptors have owners of their own. */
const manyOwners = `
import os, struct, sys
folder, descriptor, count = sys.argv[1], bytearray.fromhex(sys.argv[2]), int(sys.argv[3])
owner = struct.unpack_from('<I', descriptor, 4)[0]
for index in range(count):
    struct.pack_into('<I', descriptor, owner + 8 + 4 * 4, 100000 + index)
    path = os.path.join(folder, f'owned {index}')
    open(path, 'w').close()
    os.setxattr(path, 'system.ntfs_acl', bytes(descriptor))
`;

mountTestWith('samba-tool')('streams and security descriptors are those that ntfs-3g was given', async () => {
  const folder = temporaryFolder('details');
  const image = join(folder, 'disk.img');
  emptyImage(image, 64 * MiB);
  execFileSync('mkntfs', ['-q', '-Q', '-F', image], { stdio: 'ignore' });
  const all = bySamba();
  await mountedNtfs(image, folder, mountPoint => {
    writeFileSync(join(mountPoint, 'streams'), 'main');
    writeFileSync(join(mountPoint, 'streams:Zone.Identifier'), '[ZoneTransfer]');
    writeFileSync(join(mountPoint, 'streams:grüße.txt'), Buffer.alloc(300_000, 'x'));
    for (const [index, { bytes }] of all.entries()) {
      const path = join(mountPoint, `file ${index}`);
      writeFileSync(path, '');
      const value = `0x${bytes.toString('hex')}`;
      execFileSync('setfattr', ['-h', '-n', 'system.ntfs_acl', '-v', value, path]);
    }
    // Enough different ones that the store has more than one part.
    execFileSync('python3', ['-c', manyOwners, mountPoint, all[1]!.bytes.toString('hex'), '4000']);
  });

  await withGuestImage(image, async fileSystem => {
    const { streams } = await detailsOf(fileSystem, '/streams');
    expect(streams.toSorted((one, other) => (one.name < other.name ? -1 : 1))).toEqual([
      { name: 'Zone.Identifier', sizeBytes: 14 },
      { name: 'grüße.txt', sizeBytes: 300_000 },
    ]);
    for (const [index, securityDescriptor] of descriptors.entries()) {
      const details = await detailsOf(fileSystem, `/file ${index}`);
      expect(details).toMatchObject({ securityDescriptor, problems: [], streams: [] });
    }
    for (const owner of [0, 1999, 3999]) {
      const { securityDescriptor } = await detailsOf(fileSystem, `/owned ${owner}`);
      expect(securityDescriptor).toBe(descriptors[1]!.replace('-1001G', `-${100_000 + owner}G`));
    }
    // Of its own, as before version 3.0.
    expect((await detailsOf(fileSystem, '/')).securityDescriptor).toMatch(/^O:/);
  });
});
