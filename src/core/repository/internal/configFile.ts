import { AppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import { toHex, type Random } from '../../../base/random.ts';
import { readId } from './formatFields.ts';
import { randomChunkerPolynomial } from './polynomial.ts';

const formatVersion = 2;

/** The JSON of a new repository's config. It is sealed, but never compressed. */
export function encodeConfig(random: Random): string {
  return JSON.stringify({
    version: formatVersion,
    id: toHex(random.bytes(32)),
    chunker_polynomial: randomChunkerPolynomial(random),
  });
}

/**
 * The repository's id.
 * @throws CorruptDataError; AppError UNSUPPORTED_FORMAT for a repository of another version
 */
export function parseConfig(text: Uint8Array, location: string): string {
  const json = JsonReader.parse(text, `${location}: config`);
  const version = json.count('version');
  if (version !== formatVersion) {
    throw new AppError('UNSUPPORTED_FORMAT', `${location}: a repository of format version ${version}`, {
      object: location,
      remedy:
        version < formatVersion
          ? 'Upgrade it with “restic migrate upgrade_repo_v2”, or use another repository'
          : 'Use a newer version of this product',
    });
  }
  return readId(json, 'id');
}
