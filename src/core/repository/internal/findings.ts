import { AppError, toAppError } from '../../../base/errors.ts';
import type { CheckFinding } from '../check.ts';

/** A repository that has lost a disk has millions; nobody reads them, and they must fit into memory. */
const maxListed = 1000;

/** Gathers what a check finds. */
export class Findings {
  readonly errors: CheckFinding[] = [];
  readonly warnings: CheckFinding[] = [];
  errorCount = 0;
  warningCount = 0;

  error(object: string, message: string): void {
    this.errorCount += 1;
    if (this.errors.length < maxListed) this.errors.push({ object, message });
  }

  warning(object: string, message: string): void {
    this.warningCount += 1;
    if (this.warnings.length < maxListed) this.warnings.push({ object, message });
  }

  /**
   * Runs one step: damage that it meets is a finding, everything else ends the check.
   * @returns what `work` gives, or undefined if it met damage
   */
  async of<T>(object: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT')) throw error;
      this.error(object, toAppError(error).message);
      return undefined;
    }
  }
}
