// What the worker needs for an inventory of 5000 VMs, on the lab: until rows are there, until everything the consistency
// rules need is there, until changes are told; and until a next worker shows what the first one has kept. `npm run bench:inventory`; `--json` for programs, `--runs N` for others than
// three. What the lab itself used of the processor is reported apart: a real vCenter is another machine.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { runOnce } from './inventoryRun.mjs';

/** Upper bounds. */
const goals = {
  clientStartCpuMs: 300,
  firstRowsMs: 1000,
  allRowsMs: 8000,
  allFactsMs: 25_000,
  peakMemoryMb: 300,
  changesMs: 1000,
  keptRowsMs: 1000,
  longestTurnCpuMs: 50,
};
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '3' } },
});

const runs = [];
for (let number = 0; number < Number(values.runs); number += 1) runs.push(await runOnce());
const figures = Object.keys(runs[0]).map(name => {
  const sorted = runs.map(run => run[name]).sort((one, other) => one - other);
  const figure = { name, median: sorted[Math.floor(sorted.length / 2)], worst: sorted.at(-1) };
  return name in goals ? { ...figure, goal: goals[name], isMet: figure.worst <= goals[name] } : figure;
});
const machine = {
  ...{ node: process.version, processor: cpus()[0]?.model ?? 'unknown', processors: cpus().length },
  load: Math.round(loadavg()[0] * 10) / 10,
};
if (values.json) process.stdout.write(`${JSON.stringify({ machine, runs, figures })}\n`);
else {
  process.stdout.write(`${row('', 'median', 'worst', 'goal', '')}\n`);
  for (const { name, median, worst, goal, isMet } of figures)
    process.stdout.write(
      `${row(name, median, worst, goal ?? '', isMet === undefined ? '' : isMet ? 'pass' : 'MISS')}\n`,
    );
  process.stdout.write(`${runs.length} runs, ${Object.values(machine).join(', ')}\n`);
}
if (figures.some(({ isMet }) => isMet === false)) process.exitCode = 1;

function row(name, ...cells) {
  return name.padEnd(20) + cells.map(cell => String(cell).padStart(8)).join('');
}
