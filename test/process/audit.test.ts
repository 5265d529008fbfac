import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { FaultBench } from '../support/faultBench.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

interface Entry {
  readonly action: string;
  readonly subject: string;
  readonly username: string;
  readonly ids: readonly string[];
}

describe('the record of who did what', () => {
  const folder = suiteFolder('audit');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  test('has backups, restores and everything that removes; restic passes over it', async () => {
    await bench.succeeds('backup', 'web01');
    const [first] = (await bench.cli.json('points')) as { id: string }[];
    await bench.succeeds('backup', 'web01');
    await bench.succeeds('restore', 'disk', 'web01', '--to', join(folder, 'disk.raw'));
    const identity = '/var/lib/guest/identity.txt';
    await bench.succeeds('restore', 'file', 'web01', identity, '--to', join(folder, 'files'), '--plan');
    await bench.succeeds('restore', 'file', 'web01', identity, '--to', join(folder, 'files'));
    await bench.succeeds('pin', first!.id.slice(0, 10));
    const pinned = ((await bench.cli.json('points')) as { id: string; tags: string[] }[]).find(({ tags }) =>
      tags.includes('pinned'),
    )!;
    await bench.succeeds('unpin', pinned.id.slice(0, 10));
    const secret = bench.secretFile('second', 'another good password');
    await bench.succeeds('repo', 'key', 'add', '--new-password-file', secret);
    await bench.succeeds('forget', '--keep-last', '1', '--yes');
    await bench.succeeds('repo', 'prune', '--max-unused', '0');

    const [declined, ...entries] = (await bench.cli.json('audit')) as Entry[];
    expect(declined).toMatchObject({ action: 'decline-kit' });
    expect(entries.map(({ action }) => action)).toEqual(
      ['backup', 'backup', 'restore', 'restore', 'pin', 'unpin', 'add-key', 'forget'].concat(
        Array.from({ length: entries.length - 8 }, () => 'prune'),
      ),
    );
    expect(entries.length).toBeGreaterThan(8);
    expect(entries.every(({ username }) => username === userInfo().username)).toBe(true);
    expect(entries[0]).toMatchObject({ subject: 'web01, full', ids: [first!.id] });
    expect(entries[2]?.subject).toContain('disk.raw');
    expect(entries[3]?.subject).toMatch(/^1 guest file of web01 to /);

    await bench.restic.run('forget', '--keep-last', '1', '--prune');
    await bench.restic.checkEverything();
    expect(await bench.cli.json('audit')).toEqual([declined, ...entries]);
    await bench.expectNothingLeft();
    bench.expectNoPasswords();
  });

  test('names an entry that was removed, and who has written after it', async () => {
    const entries = (await bench.cli.json('audit')) as (Entry & { readonly id: string })[];
    const audit = join(bench.cli.repositoryFolder, 'audit');
    // All but the newest, after which nobody has written yet; each command is a writer of its own.
    for (const { id } of entries.slice(0, -1)) {
      const bytes = readFileSync(join(audit, id));
      rmSync(join(audit, id));
      const { code, stderr } = await bench.run('audit');
      writeFileSync(join(audit, id), bytes);
      expect({ id, code, stderr }).toMatchObject({
        code: 9,
        stderr: expect.stringMatching(new RegExp(`Missing: entry ${id}, .* when \\S+@\\S+ wrote`)) as string,
      });
    }
    await bench.succeeds('audit');
    await bench.restic.checkEverything();
  });

  test('names an entry that cannot be read, and shows the others', async () => {
    const audit = join(bench.cli.repositoryFolder, 'audit');
    const [id] = readdirSync(audit);
    const bytes = readFileSync(join(audit, id!));
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    const all = (await bench.cli.json('audit')) as Entry[];
    writeFileSync(join(audit, id!), bytes);
    const { code, stdout, stderr } = await bench.run('audit', '--json');
    expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining(id!) as string });
    expect(JSON.parse(stdout.toString())).toHaveLength(all.length - 1);
  });
});
