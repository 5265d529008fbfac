import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { GiB, MiB } from '../../src/base/units.ts';
import type { GuestSession } from '../../src/core/guestops/guestSession.ts';
import { downloadFromGuest, uploadToGuest } from '../../src/core/guestops/node/guestTransfer.ts';
import { selfSignedCertificate } from '../../src/lab/tls/selfSigned.ts';
import { anySignal } from '../support/anySignal.ts';

/** More than 2 GiB, where clients that hold a file in memory fail, and no whole number of pieces. */
const sizeBytes = 2 * GiB + 64 * MiB + 5;
const mostMemoryBytes = 300 * MiB;

async function* piecesOf(total: number): AsyncGenerator<Uint8Array, void, undefined> {
  const piece = new Uint8Array(MiB).fill(7);
  for (let left = total; left > 0; left -= piece.length)
    yield await Promise.resolve(left < piece.length ? piece.subarray(0, left) : piece);
}

describe('a file of a guest that is larger than 2 GiB', () => {
  const received: { contentLength: string | undefined; bytes: number }[] = [];
  let server: Server;
  let grant: { readonly url: string; readonly thumbprint: string; readonly sizeBytes: number };
  let mostBytes = 0;

  beforeAll(async () => {
    const certificate = await selfSignedCertificate('a host', systemClock);
    const { certificatePem: cert, privateKeyPem: key } = certificate;
    server = createServer({ cert, key }, (request, response) => {
      if (request.method === 'PUT') {
        const one = { contentLength: request.headers['content-length'], bytes: 0 };
        received.push(one);
        request.on('data', (piece: Buffer) => {
          one.bytes += piece.length;
          mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
        });
        request.on('end', () => response.writeHead(200).end());
        return;
      }
      response.writeHead(200, { 'Content-Length': sizeBytes });
      void (async () => {
        for await (const piece of piecesOf(sizeBytes))
          if (!response.write(piece)) await once(response, 'drain');
        response.end();
      })();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/guestFile?id=1`;
    grant = { url, thumbprint: certificate.fingerprint, sizeBytes };
  });
  afterAll(() => server.close());

  const endpoint = { host: 'vc.example', identity: { fingerprint: undefined }, cookie: undefined };
  const deps = { clock: systemClock, endpoint };
  const guest = () =>
    ({
      vm: { name: 'web01' },
      grantUpload: async () => await Promise.resolve(grant),
      grantDownload: async () => await Promise.resolve(grant),
    }) as unknown as GuestSession;

  test('is sent with its length, piece by piece', async () => {
    const beforeBytes = process.memoryUsage().rss;
    const file = { sizeBytes, bytes: piecesOf(sizeBytes), mode: 0o600 };
    await uploadToGuest(guest(), '/srv/large', file, deps, anySignal);
    expect(received).toEqual([{ contentLength: String(sizeBytes), bytes: sizeBytes }]);
    expect(mostBytes - beforeBytes).toBeLessThan(mostMemoryBytes);
  });

  test('is read piece by piece, to its last byte', async () => {
    const beforeBytes = process.memoryUsage().rss;
    let bytes = 0;
    for await (const piece of downloadFromGuest(guest(), '/srv/large', deps, anySignal)) {
      bytes += piece.length;
      mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
    }
    expect(bytes).toBe(sizeBytes);
    expect(mostBytes - beforeBytes).toBeLessThan(mostMemoryBytes);
  });
});
