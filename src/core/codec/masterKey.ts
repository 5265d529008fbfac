import type { Random } from '../../base/random.ts';
import { JsonReader } from '../../base/jsonReader.ts';

/**
 * The keys that everything in a repository is sealed with. Plain byte arrays, so that they can be handed to a worker
 * thread; never logged, never in an error.
 */
export interface MasterKey {
  /** AES-256, 32 bytes. */
  readonly encrypt: Uint8Array;
  /** AES-128 key of the Poly1305-AES authenticator, 16 bytes. */
  readonly macK: Uint8Array;
  /** The authenticator's `r`, 16 bytes, not yet masked. */
  readonly macR: Uint8Array;
}

/** Bytes that `masterKeyOf` divides into a key. */
export const masterKeyBytes = 64;

export function generateMasterKey(random: Random): MasterKey {
  return masterKeyOf(random.bytes(masterKeyBytes));
}

/** A key from 64 bytes of key material: 32 to encrypt, 16 `k`, 16 `r`. Views, not copies. */
export function masterKeyOf(material: Uint8Array): MasterKey {
  return {
    encrypt: material.subarray(0, 32),
    macK: material.subarray(32, 48),
    macR: material.subarray(48, 64),
  };
}

/** The JSON that a key file holds, sealed with the password's key. */
export function encodeMasterKey(key: MasterKey): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      mac: { k: toBase64(key.macK), r: toBase64(key.macR) },
      encrypt: toBase64(key.encrypt),
    }),
  );
}

/** @throws CorruptDataError, whose message never quotes the text */
export function decodeMasterKey(json: Uint8Array): MasterKey {
  const key = JsonReader.parse(json, 'master key');
  const mac = key.object('mac');
  return {
    encrypt: readKey(key, 'encrypt', 32),
    macK: readKey(mac, 'k', 16),
    macR: readKey(mac, 'r', 16),
  };
}

function readKey(json: JsonReader, field: string, lengthBytes: number): Uint8Array {
  const bytes = Buffer.from(json.string(field), 'base64');
  return bytes.length === lengthBytes ? new Uint8Array(bytes) : json.wrong(field, 'a key');
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
