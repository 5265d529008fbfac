import { readFile } from 'node:fs/promises';

import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import type { Random } from '../../../base/random.ts';
import { limitedObjectStore, type TransferLimits } from '../limitedObjectStore.ts';
import { formatLocation, parseLocation } from '../location.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { StoreAccount } from '../storeAccount.ts';
import { LocalObjectStore } from './localObjectStore.ts';
import { RemoteObjectStore } from './remoteObjectStore.ts';
import { RestCalls } from './restCalls.ts';
import { S3Calls } from './s3Calls.ts';

export interface StoreOptions {
  /** S3 always has one. */
  readonly account?: StoreAccount;
  /** Of S3. */
  readonly region?: string;
  /** Certificates of authorities in PEM, instead of those the system trusts. */
  readonly caFile?: string;
  readonly limits?: TransferLimits;
}

/**
 * The store at a location, `location.ts`. Nothing is asked of it yet.
 * @throws INVALID_INPUT for what is no location; AUTHENTICATION if it needs an account and none is given
 */
export async function openObjectStore(
  text: string,
  options: StoreOptions,
  deps: { readonly clock: Clock; readonly random: Random },
): Promise<ObjectStore> {
  return limitedObjectStore(await unlimited(text, options, deps), options.limits ?? {}, deps.clock);
}

async function unlimited(
  text: string,
  { account, region, caFile }: StoreOptions,
  deps: { readonly clock: Clock; readonly random: Random },
): Promise<ObjectStore> {
  const location = parseLocation(text);
  if (location.kind === 'folder')
    return new LocalObjectStore({ ...deps, folder: location.path, readOnly: false });
  const name = formatLocation(location);
  const ca = caFile === undefined ? undefined : await readAuthorities(caFile);
  if (location.kind === 'rest') {
    const named = account === undefined ? undefined : { user: account.user, password: account.secret };
    return new RemoteObjectStore(new RestCalls(name, { location, account: named, ca }), deps.clock);
  }
  if (account === undefined) {
    throw new AppError('AUTHENTICATION', `no access key is given for ${name}`, {
      object: name,
      remedy: 'Give a key id and its secret key',
    });
  }
  const key = { keyId: account.user, secret: account.secret, sessionToken: account.sessionToken };
  const calls = await S3Calls.load(name, { location, account: key, region, ca }, deps.clock);
  return new RemoteObjectStore(calls, deps.clock);
}

async function readAuthorities(caFile: string): Promise<string> {
  const text = await readFile(caFile, 'utf8').catch((error: unknown) => {
    throw fileError(caFile, error);
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new AppError('INVALID_INPUT', `${caFile} holds no certificate`, {
    object: caFile,
    remedy: 'Name a file in PEM, with lines that say BEGIN CERTIFICATE',
  });
}
