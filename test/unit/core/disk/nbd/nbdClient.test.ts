import { describe, expect, test } from 'vitest';

import type { AppError } from '../../../../../src/base/errors.ts';
import { NbdClient } from '../../../../../src/core/disk/nbd/nbdClient.ts';
import { anySignal } from '../../../../support/anySignal.ts';
import { ImpatientClock, ManualClock } from '../../../../support/manualClock.ts';
import { pattern } from '../../../../support/pattern.ts';
import {
  chunk,
  fields,
  handshakeAnswers,
  joined,
  optionReply,
  ScriptedNbdServer,
  simpleReply,
  text,
} from '../../../../support/scriptedNbdServer.ts';

const sizeBytes = 10_000;
const name = 'web01 Hard disk 1';
const bytes = pattern(100, 500);
/** Said only after more was sent than is. */
const never = new Uint8Array(1);

async function connect(server: ScriptedNbdServer, signal = anySignal, clock = new ManualClock()) {
  const options = {
    name,
    exportName: '',
    clock,
    stallTimeoutMs: 1000,
    lastWords: async () => await Promise.resolve('nbdkit: gone'),
  };
  return await NbdClient.open(server, options, signal);
}

/** A client that has sent one read of 100 bytes at 500, which is answered like this. */
async function readAnswered(...answers: readonly Uint8Array[]): Promise<Uint8Array> {
  const client = await connect(new ScriptedNbdServer([...handshakeAnswers(sizeBytes), ...answers]));
  const target = new Uint8Array(100).fill(9);
  await client.read(500, target, anySignal);
  return target;
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  return (await work.then(
    () => new Error('it has succeeded'),
    (error: unknown) => error,
  )) as AppError;
}

describe('an answer', () => {
  test('comes in chunks of any order, with holes', async () => {
    const answer = joined(
      chunk(1, 1, 0, fields([8, 560]), bytes.subarray(60)),
      chunk(1, 2, 0, fields([8, 540], [4, 20])),
      chunk(1, 1, 0, fields([8, 500]), bytes.subarray(0, 40)),
      chunk(1, 0, 1),
    );
    const expected = new Uint8Array(bytes);
    expected.fill(0, 40, 60);
    expect(await readAnswered(answer)).toEqual(expected);
  });

  test('is for the request that its cookie names, whichever comes first', async () => {
    const client = await connect(
      new ScriptedNbdServer([
        ...handshakeAnswers(sizeBytes),
        new Uint8Array(0),
        joined(chunk(2, 1, 1, fields([8, 10]), pattern(4, 10)), chunk(1, 1, 1, fields([8, 0]), pattern(4))),
      ]),
    );
    const targets = [new Uint8Array(4), new Uint8Array(4)] as const;
    await Promise.all([client.read(0, targets[0], anySignal), client.read(10, targets[1], anySignal)]);
    expect(targets).toEqual([pattern(4), pattern(4, 10)]);
    expect(client.receivedBytes).toBe(8);
  });

  test('of what is allocated is put together from several, and what reads as zeros is not in it', async () => {
    const status = (cookie: number, ...extents: readonly (readonly [2 | 4 | 8, number])[]) =>
      chunk(cookie, 5, 1, fields([4, 7], ...extents));
    const client = await connect(
      new ScriptedNbdServer([
        ...handshakeAnswers(sizeBytes),
        status(1, [4, 1000], [4, 0], [4, 2000], [4, 3]),
        status(2, [4, 500], [4, 0]),
        status(3, [4, 500], [4, 1], [4, 9999], [4, 2]),
      ]),
    );
    expect(await client.allocatedAreas(anySignal)).toEqual([
      { startBytes: 0, lengthBytes: 1000 },
      // A hole may hold anything unless it is said to read as zeros.
      { startBytes: 3000, lengthBytes: 1000 },
    ]);
  });

  test('that is an error fails its request alone, with what the server says', async () => {
    const client = await connect(
      new ScriptedNbdServer([
        ...handshakeAnswers(sizeBytes),
        joined(
          chunk(1, 1, 0, fields([8, 500]), bytes.subarray(0, 40)),
          chunk(1, 0x8001, 1, fields([4, 5], [2, 21]), text('NFC error 5: no memory')),
        ),
        chunk(2, 1, 1, fields([8, 500]), bytes),
      ]),
    );
    const target = new Uint8Array(100);
    expect(await failureOf(client.read(500, target, anySignal))).toMatchObject({
      ...{ code: 'UNREACHABLE', retryable: true, object: name },
      message: 'web01 Hard disk 1: 100 B at byte 500 cannot be read: NFC error 5: no memor (NBD error 5)',
    });
    await client.read(500, target, anySignal);
    expect(target).toEqual(bytes);
  });
});

describe('what is no answer is a typed error', () => {
  test.each([
    [
      'of another size',
      chunk(1, 1, 1, fields([8, 500]), bytes.subarray(1)),
      'leaves out a part of 100 bytes',
    ],
    [
      'twice the same part',
      joined(
        chunk(1, 1, 0, fields([8, 500]), bytes.subarray(50)),
        chunk(1, 1, 1, fields([8, 500]), bytes.subarray(50)),
      ),
      'leaves out a part',
    ],
    [
      'of another place',
      chunk(1, 1, 1, fields([8, 501]), bytes),
      'sends 100 bytes at 501, asked for were 100 at 500',
    ],
    ['before the disk', chunk(1, 1, 1, fields([8, 0]), bytes), 'sends 100 bytes at 0'],
    ['a hole too large', chunk(1, 2, 1, fields([8, 500], [4, 0xffff_ffff])), 'sends 4294967295 bytes at 500'],
    ['nothing at all', chunk(1, 0, 1), 'leaves out a part'],
    ['for nobody', chunk(2, 1, 1, fields([8, 500]), bytes), 'a request that nobody has made'],
    ['with another beginning', fields([4, 1], [4, 2], [8, 3]), 'no reply begins like this'],
    ['not in chunks', joined(simpleReply(1, 0), bytes), 'not in the chunks that were agreed on'],
    ['of an unknown kind', chunk(1, 77, 1, fields([8, 500])), 'a chunk of type 77 with 8 bytes'],
    ['a list of areas instead of bytes', chunk(1, 5, 1, fields([4, 7], [4, 1], [4, 0])), 'a chunk of type 5'],
    ['an error longer than itself', chunk(1, 0x8001, 1, fields([4, 5], [2, 999])), 'message needs 999 bytes'],
    [
      'endless words',
      joined(fields([4, 0x668e33ef], [2, 1], [2, 0x8001], [8, 1], [4, 0xffff_ffff])),
      'with 4294967295 bytes',
    ],
  ])('%s', async (_what, answer, message) => {
    expect(await failureOf(readAnswered(answer))).toMatchObject({
      code: 'CORRUPT_DATA',
      message: expect.stringContaining(message) as unknown,
    });
  });

  test.each([
    ['in a head', chunk(1, 1, 1).subarray(0, 9)],
    ['in the bytes', chunk(1, 1, 1, fields([8, 500]), bytes).subarray(0, 70)],
  ])('an answer that ends %s is a broken connection, explained by the last words', async (_where, answer) => {
    expect(await failureOf(readAnswered(answer))).toMatchObject({
      ...{ code: 'UNREACHABLE', retryable: true, object: name },
      message: 'web01 Hard disk 1: the NBD program has ended the connection: nbdkit: gone',
    });
  });
});

describe('a server that does not give the disk out', () => {
  const [greeting, ...rest] = handshakeAnswers(sizeBytes);
  test.each([
    ['speaks HTTP', [text('HTTP/1.1 400 Bad Request\r\n')], 'CORRUPT_DATA', 'is no NBD server'],
    [
      'speaks the old style',
      [fields([8, 0x4e42444d41474943n], [8, 0x00420281861253n], [2, 0])],
      'UNSUPPORTED_FORMAT',
      'the old style alone',
    ],
    [
      'knows no newstyle',
      [fields([8, 0x4e42444d41474943n], [8, 0x49484156454f5054n], [2, 0])],
      'UNSUPPORTED_FORMAT',
      'the old style alone',
    ],
    ['hangs up', [greeting!], 'UNREACHABLE', 'has ended the connection: nbdkit: gone'],
    [
      'does not have it',
      [greeting!, ...rest.slice(0, 3), optionReply(7, 0x8000_0006, text('no such file'))],
      'UNREACHABLE',
      'refuses: no such file',
    ],
    [
      'wants TLS',
      [greeting!, ...rest.slice(0, 3), optionReply(7, 0x8000_0005)],
      'UNSUPPORTED_FORMAT',
      'refuses: nbdkit: gone',
    ],
    [
      'tells no size',
      [greeting!, ...rest.slice(0, 3), optionReply(7, 1)],
      'CORRUPT_DATA',
      'does not tell the size',
    ],
    [
      'answers another option',
      [greeting!, rest[0]!, optionReply(9, 1)],
      'CORRUPT_DATA',
      'option 9 is answered, asked was 8',
    ],
    [
      'promises too long a text',
      [greeting!, rest[0]!, fields([8, 0x3e889045565a9n], [4, 8], [4, 3], [4, 0x7fff_ffff])],
      'CORRUPT_DATA',
      'length is 2147483647',
    ],
    [
      'has a disk beyond all numbers',
      [
        greeting!,
        ...rest.slice(0, 3),
        joined(optionReply(7, 3, fields([2, 0], [8, 2n ** 63n], [2, 1])), optionReply(7, 1)),
      ],
      'CORRUPT_DATA',
      'more than this program can address',
    ],
  ] as const)('%s', async (_what, answers, code, message) => {
    const server = new ScriptedNbdServer(answers);
    const error = await failureOf(connect(server));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as unknown });
    expect(server.isClosed).toBe(true);
  });

  test('says nothing at all', async () => {
    const server = new ScriptedNbdServer([new Uint8Array(0), greeting!]);
    const error = await failureOf(connect(server, anySignal, new ImpatientClock()));
    expect(error).toMatchObject({
      code: 'UNREACHABLE',
      message: `${name}: the NBD server has sent nothing for 1 s`,
    });
  });
});

test('a server that was asked and says nothing is given up; one that was not may be silent', async () => {
  const clock = new ManualClock();
  const server = new ScriptedNbdServer([...handshakeAnswers(sizeBytes), new Uint8Array(0), never]);
  const client = await connect(server, anySignal, clock);
  for (let look = 0; look < 30; look += 1) await clock.advance(100);
  expect(client.isOpen).toBe(true);
  const failed = failureOf(client.read(0, new Uint8Array(1), anySignal));
  for (let look = 0; look < 12; look += 1) await clock.advance(100);
  expect(await failed).toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('sent nothing for') as unknown,
  });
  expect(server.isClosed).toBe(true);
});

test('a read that is given up leaves its memory alone, whatever still arrives', async () => {
  const halves = [
    chunk(1, 1, 1, fields([8, 500]), bytes).subarray(0, 60),
    new Uint8Array(100).fill(77),
  ] as const;
  const server = new ScriptedNbdServer([...handshakeAnswers(sizeBytes), halves[0], halves[1]]);
  const client = await connect(server);
  const abort = new AbortController();
  const target = new Uint8Array(100);
  const failed = failureOf(client.read(500, target, abort.signal));
  await new Promise(resolve => setImmediate(resolve));
  abort.abort();
  expect(await failed).toMatchObject({ code: 'CANCELLED' });
  const before = new Uint8Array(target);
  server.send(new Uint8Array(1));
  await new Promise(resolve => setImmediate(resolve));
  expect(target).toEqual(before);
  expect(client.isOpen).toBe(false);
  expect(await failureOf(client.read(0, target, anySignal))).toMatchObject({ code: 'CANCELLED' });
});

test('taking leave says so to the server', async () => {
  const server = new ScriptedNbdServer([...handshakeAnswers(sizeBytes), never]);
  const client = await connect(server);
  client.close();
  client.close();
  expect(server.sent.at(-1)?.subarray(0, 8)).toEqual(fields([4, 0x25609513], [2, 0], [2, 2]));
  expect(server.isClosed).toBe(true);
});
