/** Whether a file system was at rest at the moment its bytes are of, as far as they tell. */
export interface RestState {
  /** `clean`: nothing waits in its log. `in-use`: as after a power failure. `unknown`: its bytes do not tell. */
  readonly state: 'clean' | 'in-use' | 'unknown';
  /**
   * Whether a `clean` can only be of one that was frozen or unmounted, and an `in-use` only of one that was not brought to
   * rest; an idle one, and one that VSS held, may look alike otherwise.
   */
  readonly isConclusive: boolean;
  /** What was found, as part of a sentence: `nothing waits in its journal`. */
  readonly finding: string;
}
