// How long one turn of this thread's event loop takes.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The longest turn since the last time it was asked: in processor time, which others do not lengthen, and on the wall. */
export function watchTurns() {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let [lastCpuMs, longestCpuMs] = [cpuMs(), 0];
  const look = () => {
    const now = cpuMs();
    longestCpuMs = Math.max(longestCpuMs, now - lastCpuMs);
    lastCpuMs = now;
  };
  setInterval(look, 1).unref();
  return () => {
    const seen = { longestCpuMs: Math.round(longestCpuMs), longestMs: Math.round(delays.max / 1e6) };
    delays.reset();
    [lastCpuMs, longestCpuMs] = [cpuMs(), 0];
    return seen;
  };
}

/** Of this thread alone, garbage collection on it included. */
function cpuMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
