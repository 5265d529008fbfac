import { AppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Random } from '../../../base/random.ts';
import type { Secret } from '../../../base/secret.ts';
import { deriveKey, type ScryptCost } from '../../codec/keyDerivation.ts';
import { decodeMasterKey, encodeMasterKey, type MasterKey } from '../../codec/masterKey.ts';
import { openSealer } from '../../codec/sealer.ts';
import type { LocalHost } from '../localHost.ts';
import { goTime } from './goJson.ts';

const maxSaltBytes = 1024;
const maxSealedKeyBytes = 8192;

/** Ours; other clients pass over fields they do not know. */
const recoveryKitPurpose = 'recovery-kit';

export interface KeyOrigin {
  readonly host: LocalHost;
  readonly random: Random;
  readonly created: Date;
  readonly isRecoveryKit?: boolean;
}

/** A key file: the master key, sealed with a key that only the password gives. @see restic design document, "Keys" */
export async function encodeKeyFile(
  key: MasterKey,
  password: Secret,
  cost: ScryptCost,
  origin: KeyOrigin,
): Promise<Uint8Array> {
  const salt = origin.random.bytes(64);
  const sealer = await openSealer(await deriveKey(password, salt, cost));
  const sealed = sealer.seal(encodeMasterKey(key), origin.random);
  const { blocks, blockSize, parallel } = cost;
  return Buffer.from(
    JSON.stringify({
      created: goTime(origin.created),
      username: origin.host.username,
      hostname: origin.host.hostname,
      purpose: origin.isRecoveryKit === true ? recoveryKitPurpose : undefined,
      kdf: 'scrypt',
      N: blocks,
      r: blockSize,
      p: parallel,
      salt: Buffer.from(salt).toString('base64'),
      data: Buffer.from(sealed).toString('base64'),
    }),
  );
}

export interface KeyFile {
  readonly username: string;
  readonly hostname: string;
  readonly createdAt: Date | undefined;
  readonly isRecoveryKit: boolean;
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  readonly sealed: Uint8Array;
}

/** @throws CorruptDataError; AppError UNSUPPORTED_FORMAT for another derivation than scrypt */
export function parseKeyFile(text: Uint8Array, what: string): KeyFile {
  const json = JsonReader.parse(text, what);
  const kdf = json.string('kdf');
  if (kdf !== 'scrypt') {
    throw new AppError('UNSUPPORTED_FORMAT', `${what}: its password is derived by an unknown method`, {
      object: what,
      remedy: 'Use a newer version of this product',
    });
  }
  const range = { min: 1, max: 2 ** 31 };
  return {
    username: json.optionalString('username') ?? '',
    hostname: json.optionalString('hostname') ?? '',
    createdAt: json.has('created') ? json.date('created') : undefined,
    isRecoveryKit: json.optionalString('purpose') === recoveryKitPurpose,
    cost: {
      blocks: json.integer('N', range),
      blockSize: json.integer('r', range),
      parallel: json.integer('p', range),
    },
    salt: readBase64(json, 'salt', maxSaltBytes),
    sealed: readBase64(json, 'data', maxSealedKeyBytes),
  };
}

/** @throws CorruptDataError if the password is another one, or the file damaged: nobody can tell which */
export async function openKeyFile(file: KeyFile, password: Secret, what: string): Promise<MasterKey> {
  const sealer = await openSealer(await deriveKey(password, file.salt, file.cost));
  return decodeMasterKey(sealer.unseal(file.sealed, what));
}

function readBase64(json: JsonReader, field: string, maxBytes: number): Uint8Array {
  const text = json.string(field);
  return text.length <= maxBytes * 2
    ? new Uint8Array(Buffer.from(text, 'base64'))
    : json.wrong(field, `at most ${maxBytes} bytes`);
}
