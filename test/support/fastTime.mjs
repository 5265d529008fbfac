// Loaded into a process before its program: its clock runs 20 times as fast as the world's, so that what it does every quarter of
// an hour can be waited for. Short waits stay what they are: they are for the network, which is no faster.
const factor = 20;
const leastMs = 10_000;

const { setTimeout: realTimeout, performance: realClock } = globalThis;
const beganMs = realClock.now();
const realNow = realClock.now.bind(realClock);

Object.defineProperty(realClock, 'now', { value: () => beganMs + (realNow() - beganMs) * factor });
globalThis.setTimeout = Object.assign(
  (work, durationMs = 0, ...rest) =>
    realTimeout(work, durationMs >= leastMs ? durationMs / factor : durationMs, ...rest),
  realTimeout,
);
