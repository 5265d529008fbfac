// The lab as a process of a test's own, with its control API.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = join(import.meta.dirname, '../../dist/lab.mjs');

export class Lab {
  url;
  user;
  password;
  fingerprint;
  #ready;
  #process;

  constructor(ready, password, child) {
    this.#ready = ready;
    this.#process = child;
    this.url = ready.url;
    this.user = ready.user;
    this.password = password;
    this.fingerprint = ready.fingerprint;
  }

  /** @param {readonly string[]} options  of docs/LAB.md, besides the small profile */
  static async start(options = []) {
    const child = spawn(process.execPath, [program, '--exit-with-parent', '--profile', 'small', ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const ready = JSON.parse(line);
      return new Lab(ready, (await readFile(ready.passwordFile, 'utf8')).trim(), child);
    }
    throw new Error('the lab ended before it was ready');
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  async snapshots() {
    return await this.control('GET', 'snapshots');
  }

  /** Ids of the snapshots that are there now. */
  async snapshotsLeft() {
    return (await this.control('GET', 'vms')).flatMap(({ snapshots }) => snapshots);
  }

  /** Disks stop on their way, each after some bytes, until `letGo`. */
  async hold() {
    // A lease whose id a killed worker never wrote down ends by itself, for a test soon enough.
    await this.control('POST', 'faults', { holdStreamsAfterBytes: 200_000, leaseTimeoutSeconds: 20 });
  }

  async letGo() {
    await this.control('POST', 'faults', { holdStreamsAfterBytes: null });
  }

  async control(method, path, body) {
    const text = await this.#request(method, path, body);
    return text.length === 0 ? undefined : JSON.parse(text.toString());
  }

  /** Of a disk as it was at a position. */
  async bytes(vm, deviceKey, { position, offset, length }) {
    const query = `position=${position}&offset=${offset}&length=${length}`;
    return await this.#request('GET', `disks/${vm}/${deviceKey}/bytes?${query}`);
  }

  /** Of an account in the guests. */
  async guestPassword(user) {
    const { passwordFile } = this.#ready.guestAccounts.find(account => account.user === user);
    return (await readFile(passwordFile, 'utf8')).trim();
  }

  /** What a running guest has in a file. */
  async guestText(vm, path) {
    const bytes = await this.#request('GET', `guests/${vm}/bytes?path=${encodeURIComponent(path)}`);
    return bytes.toString();
  }

  async guestFolder(vm, path) {
    return await this.control('GET', `guests/${vm}/folder?path=${encodeURIComponent(path)}`);
  }

  /** As if a program in the guest had written it. */
  async writeGuestText(vm, path, text) {
    const base64 = Buffer.from(text).toString('base64');
    await this.control('POST', `guests/${vm}/file?path=${encodeURIComponent(path)}`, { base64 });
  }

  async close() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }

  async #request(method, path, body) {
    return await new Promise((resolve, reject) => {
      const options = {
        method,
        headers: { Authorization: `Bearer ${this.#ready.controlToken}` },
        // The lab made its certificate a moment ago and told us its fingerprint itself.
        rejectUnauthorized: false,
        agent: false,
      };
      const sent = https.request(`${this.#ready.controlUrl}/${path}`, options, response => {
        const pieces = [];
        response.on('data', piece => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(pieces);
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`lab: ${method} ${path}: ${response.statusCode} ${answer}`));
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
