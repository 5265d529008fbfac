/** Who this process is to others who share a repository with it, and whether a process of this host still runs. */
export interface LocalHost {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  /** 0 where the operating system has no such thing. */
  readonly uid: number;
  readonly gid: number;
  /** True also for a process that may not be asked. */
  isAlive(pid: number): boolean;
}
