import type { Clock } from '../../base/clock.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { InsideProcess } from './guestInside.ts';

interface StartedProcess extends InsideProcess {
  readonly pid: number;
  readonly startedAt: Date;
  /** Undefined while it runs. */
  end: { readonly at: Date; readonly exitCode: number } | undefined;
}

/** As long as a host remembers what has ended. */
const rememberedMs = 5 * 60_000;

/** The programs that were started in a guest through VMware Tools, and those that run there anyway. */
export class GuestProcesses {
  readonly #clock: Clock;
  readonly #bootedAt: Date;
  #started: StartedProcess[] = [];
  #nextPid = 5000;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bootedAt = clock.now();
  }

  /** @param exitCode  undefined for one that goes on */
  start(process: InsideProcess, exitCode: number | undefined): number {
    const at = this.#clock.now();
    const pid = this.#nextPid++;
    this.#started.push({
      ...process,
      ...{ pid, startedAt: at, end: exitCode === undefined ? undefined : { at, exitCode } },
    });
    return pid;
  }

  /** False if there is none. */
  end(pid: number): boolean {
    const found = this.#started.find(process => process.pid === pid && process.end === undefined);
    if (found === undefined) return false;
    found.end = { at: this.#clock.now(), exitCode: 137 };
    return true;
  }

  /** @param pids  none for all that run */
  list(usual: readonly InsideProcess[], pids: readonly number[]): readonly PlainObject[] {
    const since = this.#clock.now().getTime() - rememberedMs;
    this.#started = this.#started.filter(({ end }) => end === undefined || end.at.getTime() >= since);
    const running = usual.map((process, index) => ({
      ...{ ...process, pid: 600 + index, startedAt: this.#bootedAt, end: undefined },
    }));
    return [...running, ...this.#started]
      .filter(({ pid }) => pids.length === 0 || pids.includes(pid))
      .map(({ name, pid, owner, commandLine, startedAt, end }) => ({
        ...{ name, pid, owner, cmdLine: commandLine, startTime: startedAt },
        ...(end !== undefined && { endTime: end.at, exitCode: end.exitCode }),
      }));
  }
}
