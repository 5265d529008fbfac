import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { zipEntries } from '../support/zipEntries.ts';

const clone = join(import.meta.dirname, '../..');
const maxVsixBytes = 4_000_000;
const maxExtensionBytes = 400_000;
const maxPageBytes = 250_000;

const folder = mkdtempSync(join(tmpdir(), 'quiesce-vsix-'));
const vsix = join(folder, 'quiesce.vsix');

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/package.mjs', vsix], { cwd: clone, stdio: 'inherit' });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('the packaged extension holds exactly what is meant to be shipped', () => {
  expect(zipEntries(vsix).sort()).toEqual(
    [
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension/LICENSE.txt',
      'extension/NOTICE',
      'extension/changelog.md',
      'extension/dist/THIRD-PARTY-NOTICES.txt',
      'extension/dist/argon2Thread.mjs',
      'extension/dist/cli.mjs',
      'extension/dist/extension.cjs',
      'extension/dist/lab.mjs',
      'extension/dist/lab/small-guest-files.jsonl',
      'extension/dist/lab/small-guest.img.zst',
      'extension/dist/lab/small-guest.json',
      'extension/dist/media/recovery.css',
      'extension/dist/media/recovery.js',
      'extension/dist/media/restoreBrowser.css',
      'extension/dist/media/restoreBrowser.js',
      'extension/dist/s3Sdk.mjs',
      'extension/dist/sealWorker.mjs',
      'extension/dist/worker.mjs',
      'extension/l10n/bundle.l10n.json',
      'extension/media/icons/quiesce.png',
      'extension/media/icons/quiesce.svg',
      'extension/package.json',
      'extension/package.nls.json',
      'extension/readme.md',
    ].sort(),
  );
});

test('it is small, and so is what the editor loads', () => {
  expect(statSync(vsix).size).toBeLessThanOrEqual(maxVsixBytes);
  expect(statSync(join(clone, 'dist/extension.cjs')).size).toBeLessThanOrEqual(maxExtensionBytes);
  for (const page of ['recovery.js', 'restoreBrowser.js'])
    expect(statSync(join(clone, 'dist/media', page)).size).toBeLessThanOrEqual(maxPageBytes);
});

test('bundles are made for production, and the licenses of what is in them are told', () => {
  const names = [
    'extension.cjs',
    'worker.mjs',
    'cli.mjs',
    'lab.mjs',
    's3Sdk.mjs',
    'sealWorker.mjs',
    'argon2Thread.mjs',
    'media/recovery.js',
    'media/restoreBrowser.js',
  ];
  for (const name of names)
    expect(readFileSync(join(clone, 'dist', name), 'utf8')).not.toContain('sourceMappingURL');
  const notices = readFileSync(join(clone, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  const { dependencies } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) expect(notices).toContain(`\n${name} `);
  expect(notices).toContain('Permission is hereby granted, free of charge');
});
