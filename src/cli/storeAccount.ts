import { Secret } from '../base/secret.ts';
import { parseLocation, type RepositoryLocation } from '../core/repository/location.ts';
import { parseAccount, type StoreAccount } from '../core/repository/storeAccount.ts';
import type { RepositoryConfig } from './config/config.ts';
import { credentialSource } from './passwordPlaces.ts';

/**
 * The account of the server that stores a repository: from where the configuration says, else from the variables in which
 * restic and the tools of Amazon expect it. None is fine for a REST server that asks nobody.
 */
export async function storeAccount(
  name: string,
  { location: text, account }: RepositoryConfig,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<StoreAccount | undefined> {
  const location = parseLocation(text);
  if (location.kind === 'folder') return undefined;
  const owner = `the store of repository ${name}`;
  if (account === undefined) return accountInEnvironment(location, environment);
  return parseAccount((await credentialSource(account, owner).password(signal)).reveal(), location, owner);
}

function accountInEnvironment(
  { kind }: RepositoryLocation,
  environment: NodeJS.ProcessEnv,
): StoreAccount | undefined {
  const [user, secret, sessionToken] =
    kind === 's3'
      ? ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
      : ['RESTIC_REST_USERNAME', 'RESTIC_REST_PASSWORD'];
  const valueOf = (variable: string | undefined) => {
    const value = variable === undefined ? undefined : environment[variable];
    return value === '' ? undefined : value;
  };
  const [userValue, secretValue, tokenValue] = [user, secret, sessionToken].map(valueOf);
  if (userValue === undefined || secretValue === undefined) return undefined;
  return {
    user: userValue,
    secret: new Secret(secretValue),
    ...(tokenValue !== undefined && { sessionToken: new Secret(tokenValue) }),
  };
}
