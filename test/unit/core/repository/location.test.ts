import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { formatLocation, parseLocation } from '../../../../src/core/repository/location.ts';
import { parseAccount } from '../../../../src/core/repository/storeAccount.ts';

describe('a location', () => {
  test.each([
    ['/backups/main', { kind: 'folder', path: '/backups/main' }],
    ['C:\\backups', { kind: 'folder', path: 'C:\\backups' }],
    [
      's3:https://s3.eu-central-1.amazonaws.com/bucket',
      { kind: 's3', endpoint: 'https://s3.eu-central-1.amazonaws.com', bucket: 'bucket', prefix: '' },
    ],
    [
      's3:http://127.0.0.1:9000/my.bucket/vms/of%20lab/',
      { kind: 's3', endpoint: 'http://127.0.0.1:9000', bucket: 'my.bucket', prefix: 'vms/of lab' },
    ],
    ['rest:https://backup.example:8000', { kind: 'rest', url: 'https://backup.example:8000/' }],
    ['rest:https://backup.example/user/vms', { kind: 'rest', url: 'https://backup.example/user/vms/' }],
  ])('%s', (text, location) => {
    expect(parseLocation(text)).toEqual(location);
    expect(parseLocation(formatLocation(parseLocation(text)))).toEqual(location);
  });

  test.each([
    ['s3:bucket/prefix', /holds no address/],
    ['s3:ftp://host/bucket', /holds no address/],
    ['s3:https://host/', /names no bucket/],
    ['s3:https://host/Not_A_Bucket', /names no bucket/],
    ['s3:https://host/bucket?versionId=1', /more than a place/],
    ['rest:', /holds no address/],
    ['rest:https://host/path#part', /more than a place/],
  ])('%s is refused', (text, message) => {
    expect(() => parseLocation(text)).toThrow(message);
  });

  test.each([
    ['s3:https://key:hunter2@host/bucket', 'host'],
    ['s3:https://key:half/hunter2@host/bucket', 'location'],
    ['rest:https://user:hunter2@host/path', 'host'],
  ])('with a password is refused without telling it', (text, object) => {
    const error = thrownBy(() => parseLocation(text));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', object });
    expect(JSON.stringify([error.message, error.object, error.remedy])).not.toContain('hunter2');
  });
});

describe('an account', () => {
  const s3 = parseLocation('s3:https://host/bucket');
  const rest = parseLocation('rest:https://host/path');

  test('of S3 has a key id, a secret and perhaps a token', () => {
    const { user, secret, sessionToken } = parseAccount('AKIA:secret/+=:to/ken==', s3, 'main');
    expect([user, secret.reveal(), sessionToken?.reveal()]).toEqual(['AKIA', 'secret/+=', 'to/ken==']);
    expect(parseAccount('AKIA:secret', s3, 'main').sessionToken).toBeUndefined();
  });

  test('of a REST server has a password that may hold anything', () => {
    const { user, secret } = parseAccount('backup:p:a:ss', rest, 'main');
    expect([user, secret.reveal()]).toEqual(['backup', 'p:a:ss']);
  });

  test.each(['hunter2', ':hunter2', 'hunter2:', 'a:hunter2:', 'a:b:c:hunter2'])(
    'that is incomplete is refused without telling it',
    line => {
      const error = thrownBy(() => parseAccount(line, s3, 'main'));
      expect(error.code).toBe('AUTHENTICATION');
      expect(JSON.stringify([error.message, error.object, error.remedy])).not.toContain('hunter2');
    },
  );
});

function thrownBy(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  return expect.unreachable('it was taken');
}
