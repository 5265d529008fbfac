// How long it takes to assess the consistency of 5000 VMs of every kind: the tree shows a level beside each. Goal:
// 300 ms at most. `npm run bench:consistency`, `--json` for programs.
import { cpus } from 'node:os';

import { assess } from '../src/core/consistency/assess.ts';
import { controllerFacts, diskFacts, linuxGuest, perfectServer } from '../test/support/assessmentFacts.ts';

const vmCount = 5000;
const roundCount = 15;
const goalMs = 300;

// As an inventory mixes them, half of them with something to tell.
const kinds = [
  () => linuxGuest(),
  () => perfectServer(),
  index => linuxGuest({ guestId: 'rhel9_64Guest', disks: disks(1 + (index % 8)) }),
  index => perfectServer({ guestId: 'windows9Server64Guest', disks: disks(1 + (index % 8)) }),
  () => linuxGuest({ powerState: 'poweredOff' }),
  () => perfectServer({ diskUuidEnabled: false, isEncrypted: true }),
  () => linuxGuest({ toolsRunning: 'guestToolsNotRunning', needsConsolidation: true }),
  () =>
    perfectServer({
      disks: [diskFacts(0, {}, 200), diskFacts(1, { diskMode: 'independent_persistent' })],
      controllers: [controllerFacts(), controllerFacts({ deviceKey: 200, bus: 'ide', slotCount: 2 })],
    }),
  () => perfectServer({ guestId: 'windows11_64Guest', reportedGuestId: undefined, host: undefined }),
  () => linuxGuest({ guestId: 'freebsd14_64Guest', toolsVersion: 0, toolsStatus: 'guestToolsNotInstalled' }),
];

function disks(count) {
  return Array.from({ length: count }, (_, unit) => diskFacts(unit));
}

const vms = Array.from({ length: vmCount }, (_, index) => kinds[index % kinds.length](index));
const roundsMs = Array.from({ length: roundCount }, () => {
  const start = performance.now();
  for (const vm of vms) assess(vm);
  return performance.now() - start;
});
const [firstMs] = roundsMs;
const sorted = roundsMs.toSorted((one, other) => one - other);
const medianMs = sorted[Math.floor(roundCount / 2)];
const worstMs = sorted.at(-1);
const result = {
  ...{
    vmCount,
    firstMs: Math.round(firstMs),
    medianMs: Math.round(medianMs),
    worstMs: Math.round(worstMs),
    goalMs,
  },
  ...{ node: process.version, processor: cpus()[0]?.model ?? 'unknown', processors: cpus().length },
};
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  process.stdout.write(
    `${vmCount} VMs assessed in ${result.firstMs} ms the first time, ${result.medianMs} ms as a rule, ${result.worstMs} ms at worst of ${roundCount} (goal ${goalMs} ms)\n` +
      `Node ${result.node}, ${result.processor}, ${result.processors} processors\n`,
  );
}
if (medianMs > goalMs) process.exitCode = 1;
