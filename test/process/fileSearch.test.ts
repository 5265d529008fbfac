import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { type FileQuery, searchFiles, usualMaxFileBytes } from '../../src/core/jobs/guestFiles/fileSearch.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyImage, mounted, mountedNtfs, mountTestWith, withGuestImage } from '../support/guestImages.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const words = [
  'listen',
  'Listen',
  'server_name',
  'password',
  'user',
  '127.0.0.1',
  'größe',
  'αβγ',
  'x=1',
  'end',
];
const names = ['app.conf', 'App.CONF', 'log', 'größe.txt', 'a b.cfg', 'note[1].md', 'data.bin', 'README'];

/** Folders with files of words, some of them binary, in lines of every length; a link to a folder, which leads nowhere new. */
function fill(folder: string): void {
  const random = seededRandom(20261126);
  const below = (limit: number) => Buffer.from(random.bytes(4)).readUInt32LE() % limit;
  const pick = (list: readonly string[]) => list[below(list.length)] ?? '';
  for (let index = 0; index < 300; index += 1) {
    const parts = Array.from({ length: below(4) }, () => pick(['etc', 'srv', 'Var', 'x y']));
    const at = join(folder, ...parts);
    mkdirSync(at, { recursive: true });
    const lines = Array.from({ length: below(40) }, () =>
      Array.from({ length: below(12) }, () => pick(words)).join(pick([' ', '\t', ''])),
    );
    const end = below(5) > 0 ? '\n' : '';
    const content = Buffer.from(lines.join('\n') + end);
    if (below(10) === 0) content.fill(0, 0, Math.min(3, content.length));
    writeFileSync(join(at, `${index}-${pick(names)}`), content);
  }
  // Longer than a piece, so that lines and characters lie on its edges.
  writeFileSync(
    join(folder, 'long.txt'),
    `${'größe αβγ filler\n'.repeat(90_000)}listen 1\n${'z'.repeat(70_000)}listen\n`,
  );
  symlinkSync('etc', join(folder, 'link.conf'));
}

const kinds = [
  ['ext4', ['mkfs.ext4', '-q'], 64],
  ['xfs', ['mkfs.xfs', '-q'], 320],
  ['btrfs', ['mkfs.btrfs', '-q'], 160],
  ['ntfs', ['mkntfs', '-q', '-Q', '-F'], 64],
] as const;

const nameQueries = ['*.conf', '*.[cC]*', 'größe*', '*[!a-z]', '?-*', 'note', '*'];
const textQueries = [
  { text: 'listen', isExpression: false, isCaseSensitive: true },
  { text: 'listen', isExpression: false, isCaseSensitive: false },
  { text: '127.0.0.1', isExpression: false, isCaseSensitive: true },
  { text: '^listen', isExpression: true, isCaseSensitive: true },
  { text: '(user|end)$', isExpression: true, isCaseSensitive: true },
  { text: 'größe', isExpression: false, isCaseSensitive: true },
];

for (const [kind, [program, ...options], sizeMiB] of kinds) {
  mountTestWith(program)(
    `a search in ${kind} finds what find and grep find in the mounted image`,
    async () => {
      const folder = temporaryFolder('search');
      const image = join(folder, 'disk.img');
      emptyImage(image, sizeMiB * MiB);
      execFileSync(program, [...options, image], { stdio: 'ignore' });
      const truth = await (kind === 'ntfs' ? mountedNtfs : mounted)(image, folder, mountPoint => {
        fill(mountPoint);
        return {
          byName: nameQueries.map(pattern => foundByName(mountPoint, pattern)),
          byText: textQueries.map(query => foundByText(mountPoint, query)),
          inFolder: foundByName(join(mountPoint, 'etc'), '*.conf').map(path => `/etc${path}`),
        };
      });

      await withGuestImage(image, async fileSystem => {
        const search = async (query: Partial<FileQuery>, path = '/') => {
          const node = await fileSystem.lookup(path, anySignal);
          const place = { deviceKey: 2000, volumeIndex: 0, fileSystem, node, path };
          const whole = {
            isNameCaseSensitive: true,
            maxFileBytes: usualMaxFileBytes,
            maxLines: 1e6,
            ...query,
          };
          const found: string[] = [];
          for await (const step of searchFiles(place, whole, anySignal)) {
            if (step.kind === 'unsearched') expect(step.reason).toBe('binary');
            if (step.kind !== 'found') continue;
            const { lines } = step;
            found.push(
              ...(lines.length === 0 ? [step.path] : lines.map(({ number }) => `${step.path}:${number}`)),
            );
          }
          return found.sort();
        };
        const byName = [];
        for (const name of nameQueries) byName.push(await search({ name }));
        expect(byName).toEqual(truth.byName);
        const byText = [];
        for (const text of textQueries) byText.push(await search({ text }));
        expect(byText).toEqual(truth.byText);
        expect(byText.every(found => found.length > 0)).toBe(true);
        expect(await search({ name: '*.conf' }, '/etc')).toEqual(truth.inFolder);
      });
    },
  );
}

function foundByName(mountPoint: string, pattern: string): string[] {
  const isWhole = /[*?[]/.test(pattern);
  const args = ['.', '-mindepth', '1', '-name', isWhole ? pattern : `*${pattern}*`];
  const found = run('find', args, mountPoint);
  return found.map(path => path.slice(1)).sort();
}

/** Bytes rather than characters, so that only a NUL makes a file binary. */
function foundByText(
  mountPoint: string,
  { text, isExpression, isCaseSensitive }: NonNullable<FileQuery['text']>,
) {
  const flags = ['-rnIZ', isExpression ? '-E' : '-F', ...(isCaseSensitive ? [] : ['-i'])];
  const found = run('grep', [...flags, '-e', text, '.'], mountPoint);
  return found.map(line => line.replace(/^\.(.*?)\0(\d+):.*$/s, '$1:$2')).sort();
}

function run(program: string, args: readonly string[], cwd: string): string[] {
  const env = { ...process.env, LC_ALL: program === 'grep' ? 'C' : 'C.UTF-8' };
  const { stdout, status, stderr } = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout.split('\n').filter(line => line !== '');
}
