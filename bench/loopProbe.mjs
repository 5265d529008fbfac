// Loaded into the worker before its own program: how long one turn of its event loop takes at most. On SIGUSR2 it writes
// what it has seen since the last time to the file that QUIESCE_LOOP_PROBE names.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.QUIESCE_LOOP_PROBE;
if (file !== undefined && isMainThread) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let [lastCpuMs, longestCpuMs] = [cpuMs(), 0];
  setInterval(() => {
    const now = cpuMs();
    longestCpuMs = Math.max(longestCpuMs, now - lastCpuMs);
    lastCpuMs = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    const seen = { longestCpuMs: Math.round(longestCpuMs), longestMs: Math.round(delays.max / 1e6) };
    writeFileSync(`${file}.new`, JSON.stringify(seen));
    renameSync(`${file}.new`, file);
    delays.reset();
    [lastCpuMs, longestCpuMs] = [cpuMs(), 0];
  });
}

/** Of this thread alone, garbage collection on it included. */
function cpuMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
