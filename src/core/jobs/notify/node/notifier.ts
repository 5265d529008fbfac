import type { Clock } from '../../../../base/clock.ts';
import { type AppError, toAppError } from '../../../../base/errors.ts';
import type { Logger } from '../../../../base/logger.ts';
import { writeFileDurably } from '../../../../base/node/durableFile.ts';
import type { Standing } from '../../../consistency/recovery/goal.ts';
import type { NoticeChannels } from '../channels.ts';
import { metricsText } from '../metrics.ts';
import {
  type EndedBackup,
  type NamedVm,
  type Notice,
  noticeOfBackup,
  noticeOfFailure,
  noticeOfStanding,
  vmOfBackup,
} from '../notice.ts';
import { sendNotice } from './sendNotice.ts';
import { VmRecords } from './vmRecords.ts';

interface NotifierDeps {
  /** Where what is known of VMs is kept. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The collector of metrics runs as somebody else. */
const metricsMode = 0o644;

/**
 * Tells people of backups that have failed, were less than asked for, or have not run. What cannot be told is logged and
 * given back: it makes no backup fail.
 */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #records: VmRecords;
  #channels: NoticeChannels;

  constructor(channels: NoticeChannels, deps: NotifierDeps) {
    this.#channels = channels;
    this.#deps = deps;
    this.#records = new VmRecords(deps.folder, deps.logger);
  }

  setChannels(channels: NoticeChannels): void {
    this.#channels = channels;
  }

  get isWanted(): boolean {
    const { webhookUrl, command, metricsFile } = this.#channels;
    return webhookUrl !== undefined || command !== undefined || metricsFile !== undefined;
  }

  async backupEnded(backup: EndedBackup): Promise<readonly AppError[]> {
    const at = this.#deps.clock.now();
    const notice = noticeOfBackup(backup, at);
    const lastOutcome = notice === undefined ? 'succeeded' : 'degraded';
    const known = { lastRunAt: at, lastSuccessAt: at, lastOutcome, isMissed: false } as const;
    return await this.#told(async () => {
      await this.#records.change(vmOfBackup(backup), known);
      return notice;
    });
  }

  /** Nobody has to be told of what somebody has cancelled. */
  async backupFailed(vm: NamedVm, error: AppError): Promise<readonly AppError[]> {
    if (error.code === 'CANCELLED') return [];
    const at = this.#deps.clock.now();
    return await this.#told(async () => {
      await this.#records.change(vm, { lastRunAt: at, lastOutcome: 'failed' });
      return noticeOfFailure(vm, error, at);
    });
  }

  /** Once for each time that a VM begins to miss its goal, by the clock. */
  async lookedAtGoal(vm: NamedVm, standing: Pick<Standing, 'state' | 'gaps'>): Promise<readonly AppError[]> {
    const notice = noticeOfStanding(vm, standing, this.#deps.clock.now());
    const isMissed = notice !== undefined;
    return await this.#told(async () => {
      const before = await this.#records.change(vm, { isMissed });
      return before.isMissed ? undefined : notice;
    });
  }

  async #told(recorded: () => Promise<Notice | undefined>): Promise<readonly AppError[]> {
    if (!this.isWanted) return [];
    const { metricsFile } = this.#channels;
    const { logger } = this.#deps;
    try {
      const notice = await recorded();
      if (metricsFile !== undefined)
        await writeFileDurably(metricsFile, metricsText(await this.#records.all()), metricsMode);
      return notice === undefined ? [] : await sendNotice(notice, this.#channels, logger);
    } catch (error) {
      const problem = toAppError(error);
      logger.error(`a notification was not written: ${problem.message}`);
      return [problem];
    }
  }
}
