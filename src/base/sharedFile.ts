/** An open file that any thread of the process may write. */
export interface SharedFile {
  /** For errors. */
  readonly path: string;
  readonly descriptor: number;
  /** The same file past the system's cache; undefined where the system or the file system cannot. */
  readonly directDescriptor: number | undefined;
}
