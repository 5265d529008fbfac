import type { Socket } from 'node:net';
import { createMessageConnection, type MessageConnection, type NotificationType } from 'vscode-jsonrpc/node';
import { SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';

import type { Clock } from '../base/clock.ts';
import { CancelledError } from '../base/errors.ts';

/** A client that has not said who it is by then is none. */
const handshakeTimeoutMs = 10_000;

/** How long clients that were let go are waited for. */
const farewellMs = 1_000;

interface Client {
  readonly socket: Socket;
  readonly connection: MessageConnection;
  readonly gone: AbortController;
  isWelcome: boolean;
}

/** Tells every client. */
export type TellClients = <P>(type: NotificationType<P>, params: P) => void;

/** Everybody who is connected. */
export class Clients implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that have passed the handshake. */
  get welcomeCount(): number {
    return [...this.#clients].filter(({ isWelcome }) => isWelcome).length;
  }

  /**
   * Begins to listen to a new connection.
   * @param greet  registers what is answered; calls `welcome` when the handshake has succeeded
   */
  add(
    socket: Socket,
    greet: (connection: MessageConnection, welcome: () => void, gone: AbortSignal) => void,
  ): void {
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    const client: Client = { socket, connection, gone: new AbortController(), isWelcome: false };
    this.#clients.add(client);
    const leave = () => {
      if (!this.#clients.delete(client)) return;
      client.gone.abort(new CancelledError('the client is gone'));
      connection.dispose();
      socket.destroy();
    };
    connection.onClose(leave);
    connection.onError(leave);
    greet(
      connection,
      () => {
        client.isWelcome = true;
      },
      client.gone.signal,
    );
    connection.listen();
    void this.#clock.sleep(handshakeTimeoutMs, client.gone.signal).then(
      () => {
        if (!client.isWelcome) leave();
      },
      () => undefined,
    );
  }

  /** Tells everybody who is welcome. */
  tell<P>(type: NotificationType<P>, params: P): void {
    for (const { connection, isWelcome } of this.#clients) {
      if (!isWelcome) continue;
      connection.sendNotification(type.method, params).catch(() => {
        // It is about to be gone, which is told elsewhere.
      });
    }
  }

  /**
   * Lets go of everybody. One that is just being told that there is no place for it leaves by itself as soon as it has
   * heard; cut off before, it would take the worker for a lost one.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const clients = [...this.#clients];
    for (const { socket, isWelcome } of clients) if (isWelcome) socket.end();
    const left = clients.map(async ({ gone }) => {
      await this.#clock.sleep(farewellMs, gone.signal).catch(() => undefined);
    });
    await Promise.all(left);
    for (const { connection, socket } of this.#clients) {
      connection.dispose();
      socket.destroy();
    }
  }
}
