import { hostname, userInfo } from 'node:os';
import { systemErrorCode } from '../../../base/node/fileErrors.ts';
import type { LocalHost } from '../localHost.ts';

/** This process, as the operating system knows it. */
export function localHost(): LocalHost {
  const { username, uid, gid } = userInfo();
  return {
    hostname: hostname(),
    username,
    pid: process.pid,
    uid: Math.max(uid, 0),
    gid: Math.max(gid, 0),
    isAlive: pid => {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        // Not allowed to signal it: then it exists.
        return systemErrorCode(error) !== 'ESRCH';
      }
    },
  };
}
