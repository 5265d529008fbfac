import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { systemClock } from '../base/clock.ts';
import { toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { systemRandom, toHex } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import { guestAccounts, type GuestPasswords } from './guest/accounts.ts';
import { personalityOfDump } from './dump/importDump.ts';
import { readDump } from './dump/readDump.ts';
import { ext4ToolsPresent } from './images/ext4Tools.ts';
import { fullImages } from './images/fullImages.ts';
import type { GuestDisk, Profile } from './images/guestDisks.ts';
import { smallImages } from './images/smallImages.ts';
import { startLab, type LabAccount } from './lab.ts';
import { LabClock } from './labClock.ts';
import { parseOptions, type LabOptions } from './options.ts';

/** Composition root of the lab: prints one line of JSON when it answers, and runs until it is told to stop. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const logger = stderrLogger();
  const stateParent = options.state ?? tmpdir();
  await mkdir(stateParent, { recursive: true });
  const stateFolder = await mkdtemp(join(stateParent, 'quiesce-lab-'));
  try {
    const stopped = stopRequest(options.exitWithParent);
    const dump = options.dumpFolder === undefined ? undefined : await readDump(options.dumpFolder);
    const images = dump === undefined ? await prepareImages(options, logger) : new Map<string, GuestDisk>();
    const { password, passwordFile } = await preparePassword(options, stateFolder);
    const accounts = await prepareAccounts(options, stateFolder);
    const guests = await prepareGuestPasswords(stateFolder);
    await using lab = await startLab({
      clock: new LabClock(systemClock, options.time),
      random: systemRandom,
      logger,
      listen: options.listen,
      certificateFile: options.certificateFile,
      accounts: [{ userName: options.userName, password, role: 'Admin' }, ...accounts],
      guestPasswords: guests.passwords,
      seed: options.seed,
      personality: dump === undefined ? options.personality : personalityOfDump(dump),
      dump,
      images,
      stateFolder,
      blockDeviceFolder: options.blockDeviceFolder,
      activity: options.activity,
      generatedVmCount: options.generatedVmCount,
    });
    const { url, fingerprint, controlUrl, controlToken } = lab;
    const ready = {
      ready: true,
      url,
      fingerprint,
      user: options.userName,
      passwordFile,
      accounts: accounts.map(({ userName, passwordFile: file }) => ({ user: userName, passwordFile: file })),
      guestAccounts: guests.accounts,
      controlUrl,
      controlToken,
    };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    await stopped;
  } finally {
    await rm(stateFolder, { recursive: true, force: true });
  }
}

/** Settles when somebody wants the lab to end. */
async function stopRequest(exitWithParent: boolean): Promise<void> {
  await new Promise<void>(resolve => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    if (!exitWithParent) return;
    process.stdin.once('end', resolve);
    process.stdin.once('error', resolve);
    process.stdin.resume();
  });
  // An input that stays open would keep the process from ending.
  process.stdin.destroy();
}

async function prepareImages(options: LabOptions, logger: Logger): Promise<ReadonlyMap<string, GuestDisk>> {
  const profile: Profile = options.profile ?? ((await ext4ToolsPresent()) ? 'full' : 'small');
  const folder = join(options.images ?? join(homedir(), '.cache', 'quiesce', 'lab-images'), profile);
  await mkdir(folder, { recursive: true });
  return profile === 'full' ? await fullImages(folder, logger) : await smallImages(folder, assetsFolder());
}

/** Where small-guest.img.zst lies: beside the sources, or in `lab/` beside the bundle. */
function assetsFolder(): string {
  const [beside = '', bundled = ''] = ['images', 'lab'].map(name =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  return existsSync(join(beside, 'small-guest.json')) ? beside : bundled;
}

/** The given password, or a new one in a file that only this user can read. */
async function preparePassword(
  options: LabOptions,
  stateFolder: string,
): Promise<{ password: Secret; passwordFile: string }> {
  if (options.passwordFile !== undefined) {
    const text = await readFile(options.passwordFile, 'utf8');
    return { password: new Secret(text.replace(/\r?\n$/, '')), passwordFile: options.passwordFile };
  }
  return await newPassword(join(stateFolder, 'password'));
}

async function prepareAccounts(
  { accounts }: LabOptions,
  stateFolder: string,
): Promise<readonly (LabAccount & { readonly passwordFile: string })[]> {
  const prepared = [];
  for (const [index, account] of accounts.entries())
    prepared.push({ ...account, ...(await newPassword(join(stateFolder, `account-${index + 1}-password`))) });
  return prepared;
}

/** New ones, of the same accounts in every guest. */
async function prepareGuestPasswords(stateFolder: string): Promise<{
  passwords: GuestPasswords;
  accounts: readonly { user: string; passwordFile: string }[];
}> {
  const passwords = new Map<string, Secret>();
  const accounts = [];
  for (const { name } of guestAccounts) {
    const { password, passwordFile } = await newPassword(join(stateFolder, `guest-${name}-password`));
    passwords.set(name, password);
    accounts.push({ user: name, passwordFile });
  }
  return { passwords, accounts };
}

async function newPassword(passwordFile: string): Promise<{ password: Secret; passwordFile: string }> {
  const password = toHex(systemRandom.bytes(12));
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  return { password: new Secret(password), passwordFile };
}

function stderrLogger(): Logger {
  const write = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    const rest = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
    process.stderr.write(`lab ${level}: ${message}${rest}\n`);
  };
  return { debug: () => undefined, info: write('info'), warn: write('warning'), error: write('error') };
}

try {
  await main();
} catch (error) {
  const { message, remedy } = toAppError(error);
  process.stderr.write(`lab: ${message}${remedy === undefined ? '' : `. ${remedy}`}\n`);
  process.exitCode = 1;
}
