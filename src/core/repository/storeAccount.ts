import { AppError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { RepositoryLocation } from './location.ts';

/** An account of the server that stores the objects; the repository's own password is another thing. */
export interface StoreAccount {
  /** Key id of S3, user of a REST server. */
  readonly user: string;
  readonly secret: Secret;
  /** Of S3, with keys that are lent for a while. */
  readonly sessionToken?: Secret;
}

/**
 * An account in one line: `USER:PASSWORD` for a REST server, `KEY-ID:SECRET-KEY[:SESSION-TOKEN]` for S3.
 * @throws AUTHENTICATION, without the line, if it is none
 */
export function parseAccount(line: string, { kind }: RepositoryLocation, owner: string): StoreAccount {
  const at = line.indexOf(':');
  const [user, rest] = [line.slice(0, Math.max(at, 0)), line.slice(at + 1)];
  // Neither keys nor tokens of S3 have colons in them; passwords may.
  const [secret = '', sessionToken, ...more] = kind === 's3' ? rest.split(':') : [rest];
  if (user === '' || secret === '' || sessionToken === '' || more.length > 0) {
    throw new AppError('AUTHENTICATION', `the account of ${owner} is incomplete`, {
      object: owner,
      remedy:
        kind === 's3'
          ? 'Write it as KEY-ID:SECRET-KEY, with :SESSION-TOKEN behind it if there is one'
          : 'Write it as USER:PASSWORD',
    });
  }
  return {
    user,
    secret: new Secret(secret),
    ...(sessionToken !== undefined && { sessionToken: new Secret(sessionToken) }),
  };
}
